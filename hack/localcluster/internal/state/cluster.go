// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package state is the record of a cluster: its name, folders, files, addresses and lock.
package state

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

// DefaultName is the name of the cluster of commands without --name.
const DefaultName = "hourglass"

// The kinds of nodes that a cluster can have.
const (
	NodesReal = "real" // kubelets and containerds on this machine
	NodesFake = "fake" // nodes simulated by kwok
	NodesNone = "none" // only etcd and API server
)

// EnvMarker is the environment variable that every process of a cluster has, set to the state
// folder. It identifies processes which a crashed cluster left.
const EnvMarker = "HOURGLASS_CLUSTER"

// Cluster is the record of a cluster. It is stored in cluster.json.
type Cluster struct {
	Name       string    `json:"name"`
	Nodes      string    `json:"nodes"`
	Foreground bool      `json:"foreground"`
	Audit      bool      `json:"audit"`
	Created    time.Time `json:"created"`
	Ready      bool      `json:"ready"`
	// Address is the address on which the API server listens and which it advertises.
	Address string `json:"address"`
	// Ports are the ports by component.
	Ports map[string]int `json:"ports"`
	// Network is the number N of the network 10.200.N.0/29 of the real nodes.
	Network int `json:"network,omitempty"`
	// RealNodes is the number of real nodes.
	RealNodes int `json:"realNodes,omitempty"`
	// Supervisor is the process ID of the supervisor in the process namespace of the machine.
	Supervisor int `json:"supervisor,omitempty"`
	// Programs are the folders of the cluster's programs, by component.
	Programs map[string]string `json:"programs"`

	// Dir is the state folder.
	Dir string `json:"-"`
}

// Path returns a path in the state folder.
func (c *Cluster) Path(elem ...string) string {
	return filepath.Join(append([]string{c.Dir}, elem...)...)
}

// Program returns the path of one of the cluster's programs.
func (c *Cluster) Program(component, name string) string {
	return filepath.Join(c.Programs[component], name)
}

// Kubeconfig returns the path of the admin kubeconfig.
func (c *Cluster) Kubeconfig() string { return c.Path("admin.kubeconfig") }

// URL returns the URL of the API server.
func (c *Cluster) URL() string { return fmt.Sprintf("https://%s:%d", c.Address, c.Ports["apiserver"]) }

// Cgroup returns the path of the cgroup that holds the cluster's pods.
func (c *Cluster) Cgroup() string { return fmt.Sprintf("/hourglass-%d-%s", c.Network, c.Name) }

// Save writes cluster.json.
func (c *Cluster) Save() error {
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	tmp := c.Path("cluster.json.tmp")
	if err := os.WriteFile(tmp, append(data, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, c.Path("cluster.json"))
}

// Running returns whether the supervisor of the cluster runs.
func (c *Cluster) Running() bool { return supervised(c.Dir) }

// supervised returns whether the supervisor with a state folder runs. The supervisor holds a lock
// that the kernel releases whatever ends it, so a reused process ID can't mislead.
func supervised(dir string) bool {
	f, err := os.Open(filepath.Join(dir, "supervisor.lock"))
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

// validName accepts the names of clusters, which become part of folder, cgroup and node names.
var validName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$`)

// CheckName returns an error if the name of a cluster is invalid.
func CheckName(name string) error {
	if !validName.MatchString(name) {
		return fmt.Errorf(
			"invalid cluster name %q: expected at most 40 lower-case letters, digits and dashes, with a letter or digit first and last", name)
	}
	return nil
}

// New returns a cluster of which only the name and the state folder are set.
func New(name string) *Cluster {
	return &Cluster{Name: name, Dir: filepath.Join(ClustersDir(), name)}
}

// Load reads cluster.json. Its error is os.ErrNotExist if the cluster does not exist.
func Load(name string) (*Cluster, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	c := New(name)
	data, err := os.ReadFile(c.Path("cluster.json"))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, c); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Path("cluster.json"), err)
	}
	return c, nil
}

// LoadRunning is Load for a cluster that must be running.
func LoadRunning(name string) (*Cluster, error) {
	c, err := Load(name)
	if errors.Is(err, os.ErrNotExist) || (err == nil && !c.Running()) {
		return nil, fmt.Errorf("cluster %q is not running: `localcluster up --name %s` starts it", name, name)
	}
	return c, err
}

// All loads the clusters of this user, whether they run or not.
func All() ([]*Cluster, error) {
	entries, err := os.ReadDir(ClustersDir())
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []*Cluster
	for _, e := range entries {
		c, err := Load(e.Name())
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
