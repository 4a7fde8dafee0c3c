// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/progress"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/supervisor"
)

// cniDirs are the folders in which distributions keep network plugins.
var cniDirs = []string{"/usr/lib/cni", "/opt/cni/bin"}

// required are the files that a real node needs from the system, by Debian package. Most packages have
// the same name in other distributions.
var required = []struct {
	pkg   string
	dirs  []string
	files []string
}{
	{"runc", filepath.SplitList(supervisor.SystemPath), []string{"runc"}},
	{"containernetworking-plugins", cniDirs, []string{"bridge", "host-local", "portmap", "loopback"}},
	{"iptables", filepath.SplitList(supervisor.SystemPath), []string{"iptables"}},
	{"nftables", filepath.SplitList(supervisor.SystemPath), []string{"nft"}},
	{"conntrack", filepath.SplitList(supervisor.SystemPath), []string{"conntrack"}},
	{"iproute2", filepath.SplitList(supervisor.SystemPath), []string{"ip"}},
	{"util-linux", filepath.SplitList(supervisor.SystemPath), []string{"nsenter"}},
	{"mount", filepath.SplitList(supervisor.SystemPath), []string{"mount", "umount"}},
}

func missingPackages() []string {
	var missing []string
	for _, n := range required {
		for _, file := range n.files {
			found := slices.ContainsFunc(n.dirs, func(dir string) bool {
				_, err := os.Stat(filepath.Join(dir, file))
				return err == nil
			})
			if !found {
				missing = append(missing, n.pkg)
				break
			}
		}
	}
	return missing
}

// EnsurePackages installs the packages that a real node needs. If it can't, it returns an error with
// their names.
func EnsurePackages(ctx context.Context) error {
	missing := missingPackages()
	if len(missing) == 0 {
		return nil
	}
	list := strings.Join(missing, " ")
	_, err := os.Stat("/etc/debian_version")
	if err != nil || os.Geteuid() != 0 {
		return fmt.Errorf("a real node needs packages that are not installed (Debian's names; other systems have similar ones): %s", list)
	}
	progress.Printf("Installing the packages that a real node needs with apt-get: %s", list)
	for _, args := range [][]string{
		{"apt-get", "-q", "-q", "update"},
		append([]string{"apt-get", "-q", "-q", "install", "-y", "--no-install-recommends"}, missing...),
	} {
		cmd := exec.CommandContext(ctx, args[0], args[1:]...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s\nInstall these packages manually, then retry: %s", strings.Join(args, " "), err, out, list)
		}
	}
	if left := missingPackages(); len(left) > 0 {
		return fmt.Errorf("packages are still missing after installation: %s", strings.Join(left, " "))
	}
	return nil
}
