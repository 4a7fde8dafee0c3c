// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Performers is a program that works with Performers through their typed client: a start for a tool
// of your own. Of the operator it imports the types and what is generated from them, and nothing else.
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

  create NAME --avs=ADDRESS --image=IMAGE   make a Performer that is not there yet
  apply NAME --avs=ADDRESS --image=IMAGE    make it, or change what differs, by server-side apply
  wait NAME                                 wait until what it asks for is what serves
  watch                                     print each change of the namespace's Performers
  delete NAME                               delete it and wait until it is gone

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

// options are what the flags say.
type options struct {
	kubeconfig, namespace string
	timeout               time.Duration
	force                 bool
	wanted                wanted
}

// run does what the arguments say. Results go to stdout; progress and errors go to stderr.
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
		err = do(ctx, client, namespace, command, name, o, stdout, stderr)
	}
	if err != nil {
		fmt.Fprintf(stderr, "performers: %v\n", err)
		return exitFailed
	}
	return exitOK
}

// parse reads the command line. After it a command has all that it needs.
func parse(args []string, stderr io.Writer) (command, name string, o options, err error) {
	flags := flag.NewFlagSet("performers", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // what is wrong is told once, by the caller
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "`file` that says how to reach the cluster (KUBECONFIG, then ~/.kube/config)")
	flags.StringVar(&o.namespace, "namespace", "", "`namespace` of the Performers (that of the kubeconfig)")
	flags.DurationVar(&o.timeout, "timeout", 5*time.Minute, "how long the command may take, watch apart")
	flags.BoolVar(&o.force, "force", false, "apply: take over the fields that others own")
	flags.StringVar(&o.wanted.avsAddress, "avs", "", "create, apply: `address` of the AVS")
	flags.StringVar(&o.wanted.image, "image", "", "create, apply: container `image`")
	flags.StringVar(&o.wanted.version, "version", "", "create, apply: `version` of the workload")
	flags.IntVar(&o.wanted.port, "port", 9090, "create, apply: `port` on which the container answers gRPC")
	help := func() error {
		fmt.Fprint(stderr, usage)
		flags.SetOutput(stderr)
		flags.PrintDefaults()
		return flag.ErrHelp
	}

	if len(args) == 0 {
		return "", "", o, errors.New("name a command: create, apply, wait, watch or delete (--help tells more)")
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
		return "", "", o, fmt.Errorf("unknown command %q: there are create, apply, wait, watch and delete", command)
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
		return "", "", o, fmt.Errorf("--timeout is %s: it must be longer than 0", o.timeout)
	case o.wanted.port < 1 || o.wanted.port > 65535:
		return "", "", o, fmt.Errorf("--port is %d: it must be from 1 to 65535", o.wanted.port)
	case (command == "create" || command == "apply") && (o.wanted.avsAddress == "" || o.wanted.image == ""):
		return "", "", o, fmt.Errorf("%s needs --avs and --image", command)
	}
	return command, name, o, nil
}

func isHelp(arg string) bool {
	return arg == "help" || arg == "-h" || arg == "-help" || arg == "--help"
}

// connect returns a client for the cluster of the kubeconfig, and the namespace to work in. Without
// a file it takes what kubectl would, and in a pod the pod's service account.
func connect(kubeconfig, namespace string) (versioned.Interface, string, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	overrides := &clientcmd.ConfigOverrides{Context: clientcmdapi.Context{Namespace: namespace}}
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides)
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, "", fmt.Errorf("no way to a cluster: %w", err)
	}
	namespace, _, err = loader.Namespace()
	if err != nil {
		return nil, "", fmt.Errorf("no namespace: %w", err)
	}
	client, err := versioned.NewForConfig(config)
	return client, namespace, err
}

// do runs one command and says what came of it.
func do(ctx context.Context, client versioned.Interface, namespace, command, name string, o options, stdout, stderr io.Writer) error {
	if command == "watch" {
		return watchAll(ctx, client, namespace, stdout)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.timeout, fmt.Errorf("--timeout of %s is over", o.timeout))
	defer cancel()
	switch command {
	case "create":
		if _, err := create(ctx, client, namespace, name, o.wanted); err != nil {
			return fmt.Errorf("creating %s: %w", name, err)
		}
		fmt.Fprintf(stdout, "%s is created\n", name)
	case "apply":
		p, err := apply(ctx, client, namespace, name, o.wanted, o.force)
		if err != nil {
			return fmt.Errorf("applying %s: %w", name, err)
		}
		fmt.Fprintf(stdout, "%s is applied, its generation is %d\n", name, p.Generation)
	case "wait":
		p, err := waitReady(ctx, client, namespace, name, func(progress string) { fmt.Fprintln(stderr, progress) })
		if err != nil {
			return fmt.Errorf("waiting for %s: %w", name, err)
		}
		fmt.Fprintf(stdout, "%s is ready at %s\n", name, p.Status.GRPCEndpoint)
	case "delete":
		if err := remove(ctx, client, namespace, name); err != nil {
			return fmt.Errorf("deleting %s: %w", name, err)
		}
		fmt.Fprintf(stdout, "%s is gone\n", name)
	}
	return nil
}
