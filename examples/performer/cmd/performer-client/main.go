// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command performer-client calls a sample performer once or at a steady rate. It runs on the host
// or in a pod of the cluster. It prints one line of JSON to standard output. If it fails, it prints
// the error to standard error and exits with code 1, or with code 2 if its arguments are wrong.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/Layr-Labs/hourglass-operator/examples/performer/internal/load"
	"github.com/Layr-Labs/hourglass-operator/examples/performer/internal/whoami"
)

const usage = `usage: performer-client call [-timeout 10s] [-env NAME[,NAME...]] HOST:PORT
       performer-client load [-rate 50] [-duration 10s] [-timeout 1s] [-dial-each] [-until-eof] HOST:PORT

call makes one call, waits for a connection until the timeout, and prints which pod answered.
load calls at a steady rate until the duration is over (0: forever) or it is interrupted.
It prints how many calls failed and the longest time without an answer, and reports the first
answer of each pod on standard error. With -until-eof it also ends when standard input ends:
kubectl exec forwards no signals, but closes standard input.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// run executes the mode that the arguments name and returns the exit code.
func run(ctx context.Context, args []string) int {
	modes := map[string]func(context.Context, []string) (any, error){"call": call, "load": steadyLoad}
	if len(args) == 0 || modes[args[0]] == nil {
		fmt.Fprint(os.Stderr, usage)
		return 2
	}
	result, err := modes[args[0]](ctx, args[1:])
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(result)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "performer-client:", err)
		return 1
	}
	return 0
}

func call(ctx context.Context, args []string) (any, error) {
	flags := newFlags("call")
	timeout := flags.Duration("timeout", 10*time.Second, "how long to wait for the connection and the answer")
	env := flags.String("env", "", "comma-separated names of environment variables to return")
	target := parse(flags, args)

	// A name that does not resolve yet, or a Service without rules yet, is retried until the
	// timeout.
	conn, err := dial(target, grpc.WithDefaultCallOptions(grpc.WaitForReady(true)))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, *timeout)
	defer cancel()
	var names []string
	if *env != "" {
		names = strings.Split(*env, ",")
	}
	answer, err := whoami.Ask(ctx, conn, names...)
	if err != nil {
		return nil, fmt.Errorf("calling %s: %w", target, err)
	}
	return answer, nil
}

func steadyLoad(ctx context.Context, args []string) (any, error) {
	flags := newFlags("load")
	var options load.Options
	flags.IntVar(&options.Rate, "rate", 50, "calls per second")
	flags.DurationVar(&options.Duration, "duration", 10*time.Second, "how long to start calls; 0: until interrupted")
	flags.DurationVar(&options.Timeout, "timeout", time.Second, "timeout of each call")
	flags.BoolVar(&options.DialEach, "dial-each", false, "open a new connection for each call")
	untilEOF := flags.Bool("until-eof", false, "also end when standard input ends")
	target := parse(flags, args)

	options.FirstAnswer = func(answer whoami.Answer) {
		fmt.Fprintf(os.Stderr, "performer-client: first answer from %s/%s\n", answer.Version, answer.Pod)
	}
	if *untilEOF {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		go func() {
			// An error is the end of the input too.
			_, _ = io.Copy(io.Discard, os.Stdin)
			cancel()
		}()
	}
	summary, err := load.Run(ctx, options, func() (*grpc.ClientConn, error) { return dial(target) })
	if err != nil {
		return nil, fmt.Errorf("load on %s: %w", target, err)
	}
	return summary, nil
}

func newFlags(mode string) *flag.FlagSet {
	flags := flag.NewFlagSet(mode, flag.ExitOnError)
	flags.Usage = func() {
		fmt.Fprint(os.Stderr, usage)
		flags.PrintDefaults()
	}
	return flags
}

// parse returns the target. It exits the program if the flags or the target are wrong.
func parse(flags *flag.FlagSet, args []string) (target string) {
	// With ExitOnError, Parse returns no error.
	_ = flags.Parse(args)
	if flags.NArg() != 1 {
		flags.Usage()
		os.Exit(2)
	}
	return flags.Arg(0)
}

func dial(target string, options ...grpc.DialOption) (*grpc.ClientConn, error) {
	options = append(options,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		// A performer has no service config, and looking for it costs a DNS query per search
		// domain.
		grpc.WithDisableServiceConfig())
	conn, err := grpc.NewClient(target, options...)
	if err != nil {
		return nil, fmt.Errorf("invalid address %q: %w", target, err)
	}
	return conn, nil
}
