// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command localcluster builds a real Kubernetes cluster from source and runs it on one machine,
// without a container engine. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/lifecycle"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/node"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/supervisor"
)

// command is a subcommand.
type command struct {
	name string
	args string
	help string
	run  func(ctx context.Context, args []string) error
}

func commands() []command {
	return []command{
		{"build", "[--only PART]", "build the programs that the cache lacks", runBuild},
		{"up", "[--name N] [--nodes real|fake|none] [--real-nodes COUNT] [--foreground]", "start a cluster and wait until it is ready", runUp},
		{"down", "[--name N]", "stop a cluster and delete its state", runDown},
		{"status", "[--name N]", "show a cluster and the state of its components", runStatus},
		{"list", "", "list the clusters of this user", runList},
		{"kubeconfig", "[--name N]", "print the path of the admin kubeconfig", runKubeconfig},
		{"bin-dir", "", "print the folder that holds kubectl", runBinDir},
		{"kill-node", "NODE [--name N]", "end a real node as a power failure does", nodeCommand("kill-node", lifecycle.KillNode)},
		{"stop-node", "NODE [--name N]", "stop the kubelet of a real node, while its containers go on", nodeCommand("stop-node", lifecycle.StopNode)},
		{"start-node", "NODE [--name N]", "start a real node again and wait until it is ready", nodeCommand("start-node", lifecycle.StartNode)},
		{"start", "[--name N] COMPONENT", "start a stopped component", controlCommand("start")},
		{"stop", "[--name N] COMPONENT", "stop a component until `start` or `restart`", controlCommand("stop")},
		{"restart", "[--name N] COMPONENT", "stop and start a component", controlCommand("restart")},
		{"kill", "[--name N] COMPONENT", "kill a component with SIGKILL; the supervisor restarts it", controlCommand("kill")},
		{"add-node", "NODE [--name N] [--label K=V]... [--capacity RES=N]... [--taint K=V:Effect]... [--no-default-taint]", "add a node that kwok simulates", runAddNode},
		{"remove-node", "NODE [--name N]", "remove a simulated node", nodeCommand("remove-node", lifecycle.RemoveNode)},
		{"pack-image", "--tag REPO:TAG --out FILE.tar ... FILE[:PATH] ...", "pack static programs into an image", runPackImage},
		{"load-image", "[--name N] FILE.tar ...", "load images into the real nodes of a cluster", runLoadImage},
	}
}

func main() {
	// A child with Pdeathsig set is signaled when the thread that started it ends. The goroutine
	// that starts the children is this one, so it keeps its thread.
	runtime.LockOSThread()

	if len(os.Args) > 2 && os.Args[1] == supervisor.Command {
		if err := supervisor.Run(os.Args[2], node.EnterMounts); err != nil {
			fmt.Fprintln(os.Stderr, "supervisor:", err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := dispatch(ctx, os.Args[1:])
	interrupted := ctx.Err() != nil
	stop()
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case interrupted:
		fmt.Fprintln(os.Stderr, "localcluster: interrupted")
		os.Exit(130)
	default:
		fmt.Fprintln(os.Stderr, "localcluster:", err)
		os.Exit(1)
	}
}

func dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 {
		usage()
		return errors.New("missing command")
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		usage()
		return nil
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(ctx, args[1:])
		}
	}
	return fmt.Errorf("unknown command %q: `localcluster help` lists the commands", args[0])
}

func usage() {
	fmt.Println("localcluster builds real Kubernetes clusters from source and runs them on this machine.")
	fmt.Println()
	fmt.Println("Commands (each has --help):")
	for _, c := range commands() {
		fmt.Printf("  %-11s %s\n", c.name, c.help)
	}
	fmt.Println()
	fmt.Println("The state of clusters is in", state.Root()+",", "built programs are in", state.CacheRoot()+".")
	fmt.Println("HOURGLASS_STATE and HOURGLASS_CACHE set other folders.")
}
