// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"crypto/rand"
	"fmt"
	"maps"
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

// bootID is the kernel's identifier of the current boot of the machine. A kubelet reports it, and a
// changed one means that the node was restarted.
const bootID = "kernel/random/boot_id"

// namespacedSysctls are settings of the network namespace of the node.
var namespacedSysctls = map[string]string{
	"ip_forward": "1",
	// A connection without a process, whose other end is silent because all pods were killed at once,
	// would otherwise keep the namespace and its links for minutes.
	"tcp_orphan_retries": "2",
}

// EnterMounts prepares the file system of a real node in the mount namespace of its supervisor. Its
// mounts are invisible outside, and the kernel removes them with the last process of the namespace.
// Folders of the node's state cover the folders in which kubelet, containerd and network plugins
// write to fixed paths.
func EnterMounts(stateFolder, cacheFolder string) error {
	// First private, so that no mount propagates to the machine. Then shared, which mount propagation
	// into containers requires.
	if err := mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		return err
	}
	// Before the paths of these folders are covered.
	folders := []struct {
		tree     int
		from, to string
	}{
		{from: stateFolder, to: state.InnerState},
		{from: cacheFolder, to: state.InnerCache},
	}
	for i, f := range folders {
		tree, err := unix.OpenTree(unix.AT_FDCWD, f.from, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
		if err != nil {
			return fmt.Errorf("opening %s: %w", f.from, err)
		}
		defer unix.Close(tree)
		folders[i].tree = tree
	}
	// A further node starts with copies of the first node's mounts, those of its pods included.
	// Nothing here changes the originals.
	for _, dir := range []string{"/run", "/var/lib", "/var/log"} {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil && err != unix.EINVAL { // EINVAL: not a mount
			return fmt.Errorf("unmounting %s: %w", dir, err)
		}
	}
	if err := mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return err
	}
	if err := mount("run", "/run", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
		return err
	}
	for _, f := range folders {
		if err := os.MkdirAll(f.to, 0o755); err != nil {
			return err
		}
		if err := unix.MoveMount(f.tree, "", unix.AT_FDCWD, f.to, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
			return fmt.Errorf("mounting %s on %s: %w", f.from, f.to, err)
		}
	}
	for _, dir := range []string{"lib", "log"} {
		if err := mount(state.InnerState+"/var-"+dir, "/var/"+dir, "", unix.MS_BIND, ""); err != nil {
			return err
		}
	}
	shadowed := maps.Clone(shadowedSysctls)
	shadowed[bootID] = newUUID()
	for name, value := range shadowed {
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

// newUUID returns a random UUID.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never returns an error
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func mount(source, target, kind string, flags uintptr, data string) error {
	if err := unix.Mount(source, target, kind, flags, data); err != nil {
		return fmt.Errorf("mounting %s on %s: %w", source, target, err)
	}
	return nil
}
