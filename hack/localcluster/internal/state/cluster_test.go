// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package state

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"hourglass": true, "a": true, "e2e-1": true, strings.Repeat("a", 40): true,
		"": false, "-a": false, "a-": false, "A": false, "a/b": false, "..": false, "a.b": false, strings.Repeat("a", 41): false,
	} {
		if err := CheckName(name); (err == nil) != ok {
			t.Errorf("checkName(%q) = %v", name, err)
		}
	}
}

func TestFolders(t *testing.T) {
	t.Setenv("HOURGLASS_STATE", "")
	t.Setenv("XDG_STATE_HOME", "/xdg")
	if got := Root(); got != "/xdg/hourglass-operator" {
		t.Error(got)
	}
	t.Setenv("XDG_STATE_HOME", "")
	t.Setenv("HOME", "/home/me")
	if got := ClustersDir(); got != "/home/me/.local/state/hourglass-operator/clusters" {
		t.Error(got)
	}
	t.Setenv("HOURGLASS_STATE", "/elsewhere")
	if got := ClustersDir(); got != "/elsewhere/clusters" {
		t.Error(got)
	}
}

func TestSaveAndLoad(t *testing.T) {
	t.Setenv("HOURGLASS_STATE", t.TempDir())
	if _, err := Load("one"); !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	c := New("one")
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	c.Nodes, c.Address, c.Ports = NodesNone, "127.0.0.1", map[string]int{"apiserver": 20001}
	if err := c.Save(); err != nil {
		t.Fatal(err)
	}
	all, err := All()
	if err != nil || len(all) != 1 || all[0].URL() != "https://127.0.0.1:20001" || all[0].Running() {
		t.Fatal(all, err)
	}
	if _, err := LoadRunning("one"); err == nil || !strings.Contains(err.Error(), "not running") {
		t.Error(err)
	}
}

func TestAllocation(t *testing.T) {
	t.Setenv("HOURGLASS_STATE", t.TempDir())
	seen := map[int]bool{}
	for _, name := range []string{"a", "b", "c"} {
		c := New(name)
		if err := os.MkdirAll(c.Dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := c.AllocateNetwork(); err != nil {
			t.Fatal(err)
		}
		if c.Address != nodeAddress(c.Network, 0) || seen[c.Network] {
			t.Errorf("%s got network %d, address %s", name, c.Network, c.Address)
		}
		seen[c.Network] = true
		if err := c.Save(); err != nil {
			t.Fatal(err)
		}
	}
	c := New("d")
	if err := c.AllocatePorts("x", "y"); err != nil || c.Ports["x"] == c.Ports["y"] || c.Ports["x"] == 0 {
		t.Error(c.Ports, err)
	}
	for _, used := range []string{"10.200.3.1/30", "10.200.3.4/30", "10.200.3.5/32", "10.200.2.0/23"} {
		ip, network, err := net.ParseCIDR(used)
		if err != nil {
			t.Fatal(err)
		}
		addresses := []net.Addr{&net.IPNet{IP: ip, Mask: network.Mask}}
		if !overlaps(addresses, 3) || overlaps(addresses, 4) {
			t.Errorf("with the address %s, network 3 overlaps: %t, and network 4: %t", used, overlaps(addresses, 3), overlaps(addresses, 4))
		}
	}
}

// TestLockDir: a lock excludes other processes, and does not outlive its folder.
func TestLockDir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "x")
	ctx := t.Context()
	first, err := LockDir(ctx, dir, func() {})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := TryLockDir(dir); !errors.Is(err, errLocked) {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	waited := false
	if _, err := LockDir(short, dir, func() { waited = true }); !errors.Is(err, context.DeadlineExceeded) || !waited {
		t.Fatal(err, waited)
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	second, err := LockDir(ctx, dir, func() {})
	if err != nil {
		t.Fatal(err)
	}
	first.Close()
	second.Close()
}
