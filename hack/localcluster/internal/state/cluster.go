// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
	"time"
)

const defaultName = "hourglass"

// Kinds of node that a cluster can have.
const (
	nodesReal = "real" // a kubelet and containerd on this machine
	nodesFake = "fake" // simulated by kwok
	nodesNone = "none" // etcd and API server alone
)

// envMarker is set in the environment of every process of a cluster, to its
// state folder, so that leftovers can be told from strangers.
const envMarker = "HOURGLASS_CLUSTER"

// cluster is what is known of one cluster; it is kept in cluster.json.
type cluster struct {
	Name       string    `json:"name"`
	Nodes      string    `json:"nodes"`
	Foreground bool      `json:"foreground"`
	Audit      bool      `json:"audit"`
	Created    time.Time `json:"created"`
	Ready      bool      `json:"ready"`
	// Address is what the API server listens on and advertises.
	Address string         `json:"address"`
	Ports   map[string]int `json:"ports"`
	// Network numbers the pair of addresses of a real node (see network.go).
	Network int `json:"network,omitempty"`
	// Supervisor is the process id of the supervisor as this machine sees it.
	Supervisor int `json:"supervisor,omitempty"`
	// Programs are the folders of the programs that it runs, by component.
	Programs map[string]string `json:"programs"`

	dir string
}

func (c *cluster) path(elem ...string) string {
	return filepath.Join(append([]string{c.dir}, elem...)...)
}

// program is the path of a program that this cluster runs.
func (c *cluster) program(component, name string) string {
	return filepath.Join(c.Programs[component], name)
}

// kubeconfig is the path of the admin's kubeconfig.
func (c *cluster) kubeconfig() string { return c.path("admin.kubeconfig") }

func (c *cluster) url() string { return fmt.Sprintf("https://%s:%d", c.Address, c.Ports["apiserver"]) }

func (c *cluster) save() error {
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	tmp := c.path("cluster.json.tmp")
	if err := os.WriteFile(tmp, append(data, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, c.path("cluster.json"))
}

// running tells whether the cluster's supervisor lives: it holds a lock, which
// the kernel takes back when it dies however it dies, so no process id needs
// to be trusted.
func (c *cluster) running() bool {
	f, err := os.Open(c.path("supervisor.lock"))
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

// A name becomes part of folder, cgroup and node names.
var validName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$`)

func checkName(name string) error {
	if !validName.MatchString(name) {
		return fmt.Errorf("%q cannot name a cluster: use up to 40 lower-case letters, digits and dashes, beginning and ending with a letter or digit", name)
	}
	return nil
}

// stateRoot is where the state of this user's clusters lives.
func stateRoot() string { return userDir("HOURGLASS_STATE", "XDG_STATE_HOME", ".local/state") }

// cacheRoot is where built programs live.
func cacheRoot() string { return userDir("HOURGLASS_CACHE", "XDG_CACHE_HOME", ".cache") }

func userDir(own, xdg, underHome string) string {
	dir := os.Getenv(own)
	if dir == "" {
		base := os.Getenv(xdg)
		if base == "" {
			home, err := os.UserHomeDir()
			if err != nil {
				home = os.TempDir()
			}
			base = filepath.Join(home, underHome)
		}
		dir = filepath.Join(base, "hourglass-operator")
	}
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return dir
}

func clustersDir() string { return filepath.Join(stateRoot(), "clusters") }

func newCluster(name string) *cluster {
	return &cluster{Name: name, dir: filepath.Join(clustersDir(), name)}
}

// loadCluster reads a cluster's file; fs.ErrNotExist says that there is none.
func loadCluster(name string) (*cluster, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	c := newCluster(name)
	data, err := os.ReadFile(c.path("cluster.json"))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, c); err != nil {
		return nil, fmt.Errorf("%s: %w", c.path("cluster.json"), err)
	}
	return c, nil
}

// runningCluster loads a cluster which must be up.
func runningCluster(name string) (*cluster, error) {
	c, err := loadCluster(name)
	if errors.Is(err, os.ErrNotExist) || (err == nil && !c.running()) {
		return nil, fmt.Errorf("cluster %q is not running; `localcluster up --name %s` starts it", name, name)
	}
	return c, err
}

// allClusters loads every cluster of this user, running or not.
func allClusters() ([]*cluster, error) {
	entries, err := os.ReadDir(clustersDir())
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []*cluster
	for _, e := range entries {
		c, err := loadCluster(e.Name())
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}
