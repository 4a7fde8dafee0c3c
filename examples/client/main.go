// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Performers is a program that manages Performers through their typed client. Use it as a start for
// your own tool. It imports only the operator's API types and the code generated from them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/Layr-Labs/hourglass-operator/pkg/generated/clientset/versioned"
)

const usage = `usage: performers COMMAND [NAME] [flags]

  create NAME --avs=ADDRESS --image=IMAGE   create a Performer that does not exist yet
  apply NAME --avs=ADDRESS --image=IMAGE    create or update a Performer by server-side apply
  wait NAME                                 wait until the Performer is ready
  watch                                     print each change of the Performers in the namespace
  delete NAME                               delete a Performer and wait until it is deleted

flags, after the name:
`

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options are the values of the flags.
type options struct {
	kubeconfig, namespace string
	timeout               time.Duration
	force                 bool
	desired               desired
}

// run executes the command in the arguments and returns the exit code. Results go to stdout,
// progress and errors to stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	command, name, o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(stderr, "performers: %v\n", err)
		return exitUsage
	}
	client, namespace, err := connect(o.kubeconfig, o.namespace)
	if err == nil {
		t := &tool{client, namespace, stdout, stderr}
		err = t.execute(ctx, command, name, o)
	}
	if err != nil {
		fmt.Fprintf(stderr, "performers: %v\n", err)
		return exitFailed
	}
	return exitOK
}

// parse parses the command line and checks that the command has all arguments that it needs.
func parse(args []string, stderr io.Writer) (command, name string, o options, err error) {
	flags := flag.NewFlagSet("performers", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the caller prints the error, once
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "kubeconfig `file` of the cluster (default: KUBECONFIG, then ~/.kube/config)")
	flags.StringVar(&o.namespace, "namespace", "", "`namespace` of the Performers (default: that of the kubeconfig)")
	flags.DurationVar(&o.timeout, "timeout", 5*time.Minute, "how long a command other than watch may take")
	flags.BoolVar(&o.force, "force", false, "apply: take over the fields that another field manager owns")
	flags.StringVar(&o.desired.avsAddress, "avs", "", "create, apply: `address` of the AVS")
	flags.StringVar(&o.desired.image, "image", "", "create, apply: container `image`")
	flags.StringVar(&o.desired.version, "version", "", "create, apply: `version` of the workload")
	flags.IntVar(&o.desired.port, "port", 9090, "create, apply: `port` on which the container answers gRPC")
	help := func() error {
		fmt.Fprint(stderr, usage)
		flags.SetOutput(stderr)
		flags.PrintDefaults()
		return flag.ErrHelp
	}

	if len(args) == 0 {
		return "", "", o, errors.New("no command: expected create, apply, wait, watch or delete (see --help)")
	}
	command, rest := args[0], args[1:]
	switch command {
	case "create", "apply", "wait", "delete":
		if len(rest) == 0 || rest[0] == "" || rest[0][0] == '-' && !isHelp(rest[0]) {
			return "", "", o, fmt.Errorf("%s needs the name of a Performer: performers %s NAME [flags]", command, command)
		}
		if isHelp(rest[0]) {
			return "", "", o, help()
		}
		name, rest = rest[0], rest[1:]
	case "watch":
	default:
		if isHelp(command) {
			return "", "", o, help()
		}
		return "", "", o, fmt.Errorf("unknown command %q: expected create, apply, wait, watch or delete", command)
	}
	if err := flags.Parse(rest); errors.Is(err, flag.ErrHelp) {
		return "", "", o, help()
	} else if err != nil {
		return "", "", o, err
	}
	switch {
	case flags.NArg() > 0:
		return "", "", o, fmt.Errorf("unexpected argument %q after %s", flags.Arg(0), command)
	case o.timeout <= 0:
		return "", "", o, fmt.Errorf("--timeout: invalid duration %s: must be longer than 0", o.timeout)
	case o.desired.port < 1 || o.desired.port > 65535:
		return "", "", o, fmt.Errorf("--port: invalid port %d: must be from 1 to 65535", o.desired.port)
	case (command == "create" || command == "apply") && (o.desired.avsAddress == "" || o.desired.image == ""):
		return "", "", o, fmt.Errorf("%s needs --avs and --image", command)
	}
	return command, name, o, nil
}

func isHelp(arg string) bool {
	return arg == "help" || arg == "-h" || arg == "-help" || arg == "--help"
}

// connect returns a client for the cluster of the kubeconfig, and the namespace to work in. Without
// a kubeconfig it uses the same configuration as kubectl or, in a pod, the pod's service account.
func connect(kubeconfig, namespace string) (versioned.Interface, string, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	overrides := &clientcmd.ConfigOverrides{Context: clientcmdapi.Context{Namespace: namespace}}
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides)
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, "", fmt.Errorf("loading the client configuration: %w", err)
	}
	namespace, _, err = loader.Namespace()
	if err != nil {
		return nil, "", fmt.Errorf("determining the namespace: %w", err)
	}
	client, err := versioned.NewForConfig(config)
	return client, namespace, err
}

// tool has the client and the writers that all commands use.
type tool struct {
	client         versioned.Interface
	namespace      string
	stdout, stderr io.Writer
}

// execute runs one command and prints its result.
func (t *tool) execute(ctx context.Context, command, name string, o options) error {
	if command == "watch" {
		return watchAll(ctx, t.client, t.namespace, t.stdout)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.timeout, fmt.Errorf("timed out after %s (--timeout)", o.timeout))
	defer cancel()
	switch command {
	case "create":
		if _, err := create(ctx, t.client, t.namespace, name, o.desired); err != nil {
			return fmt.Errorf("creating %s: %w", name, err)
		}
		fmt.Fprintf(t.stdout, "%s created\n", name)
	case "apply":
		p, err := apply(ctx, t.client, t.namespace, name, o.desired, o.force)
		if err != nil {
			return fmt.Errorf("applying %s: %w", name, err)
		}
		fmt.Fprintf(t.stdout, "%s applied, generation %d\n", name, p.Generation)
	case "wait":
		p, err := waitReady(ctx, t.client, t.namespace, name, func(progress string) { fmt.Fprintln(t.stderr, progress) })
		if err != nil {
			return fmt.Errorf("waiting for %s: %w", name, err)
		}
		fmt.Fprintf(t.stdout, "%s is ready at %s\n", name, p.Status.GRPCEndpoint)
	case "delete":
		if err := remove(ctx, t.client, t.namespace, name); err != nil {
			return fmt.Errorf("deleting %s: %w", name, err)
		}
		fmt.Fprintf(t.stdout, "%s deleted\n", name)
	}
	return nil
}
