// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
)

// shadowedSysctls are the kernel settings that a kubelet would set for the whole machine. In the
// mounts of the node, files with the values that the kubelet expects cover them, so that it changes
// nothing.
var shadowedSysctls = map[string]string{
	"vm/overcommit_memory":      "1",
	"vm/panic_on_oom":           "0",
	"kernel/panic":              "10",
	"kernel/panic_on_oops":      "1",
	"kernel/keys/root_maxkeys":  "1000000",
	"kernel/keys/root_maxbytes": "25000000",
}

// namespacedSysctls are settings of the network namespace of the node.
var namespacedSysctls = map[string]string{
	"ip_forward": "1",
	// A connection without a process, whose other end is silent because all pods were killed at once,
	// would otherwise keep the namespace and its links for minutes.
	"tcp_orphan_retries": "2",
}

// EnterMounts prepares the file system of a real node in the mount namespace of the supervisor. Its
// mounts are invisible outside, and the kernel removes them with the last process of the namespace.
// Folders of the cluster's state cover the folders in which kubelet, containerd and network plugins
// write to fixed paths.
func EnterMounts(stateFolder, cacheFolder string) error {
	// Use these through file descriptors, since the mounts below may cover their paths.
	stateDir, err := os.Open(stateFolder)
	if err != nil {
		return err
	}
	defer stateDir.Close()
	cacheDir, err := os.Open(cacheFolder)
	if err != nil {
		return err
	}
	defer cacheDir.Close()

	// First private, so that no mount propagates to the machine. Then shared, which mount propagation
	// into containers requires.
	if err := mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		return err
	}
	if err := mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return err
	}
	if err := mount("run", "/run", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
		return err
	}
	binds := []struct{ from, to string }{
		{fmt.Sprintf("/proc/self/fd/%d", stateDir.Fd()), state.InnerState},
		{fmt.Sprintf("/proc/self/fd/%d", cacheDir.Fd()), state.InnerCache},
		{state.InnerState + "/var-lib", "/var/lib"},
		{state.InnerState + "/var-log", "/var/log"},
	}
	for _, b := range binds {
		if err := os.MkdirAll(b.to, 0o755); err != nil {
			return err
		}
		if err := mount(b.from, b.to, "", unix.MS_BIND, ""); err != nil {
			return err
		}
	}
	for name, value := range shadowedSysctls {
		file := filepath.Join("/run/hourglass", filepath.Base(name))
		if err := os.WriteFile(file, []byte(value+"\n"), 0o644); err != nil {
			return err
		}
		if err := mount(file, filepath.Join("/proc/sys", name), "", unix.MS_BIND, ""); err != nil {
			return err
		}
	}
	for name, value := range namespacedSysctls {
		if err := os.WriteFile(filepath.Join("/proc/sys/net/ipv4", name), []byte(value+"\n"), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func mount(source, target, kind string, flags uintptr, data string) error {
	if err := unix.Mount(source, target, kind, flags, data); err != nil {
		return fmt.Errorf("mounting %s on %s: %w", source, target, err)
	}
	return nil
}
