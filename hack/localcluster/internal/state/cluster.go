// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

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

const DefaultName = "hourglass"

// Kinds of node that a cluster can have.
const (
	NodesReal = "real" // a kubelet and containerd on this machine
	NodesFake = "fake" // simulated by kwok
	NodesNone = "none" // etcd and API server alone
)

// envMarker is set in the environment of every process of a cluster, to its
// state folder, so that leftovers can be told from strangers.
const EnvMarker = "HOURGLASS_CLUSTER"

// cluster is what is known of one cluster; it is kept in cluster.json.
type Cluster struct {
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

	// Dir is the state folder.
	Dir string `json:"-"`
}

func (c *Cluster) Path(elem ...string) string {
	return filepath.Join(append([]string{c.Dir}, elem...)...)
}

// program is the path of a program that this cluster runs.
func (c *Cluster) Program(component, name string) string {
	return filepath.Join(c.Programs[component], name)
}

// kubeconfig is the path of the admin's kubeconfig.
func (c *Cluster) Kubeconfig() string { return c.Path("admin.kubeconfig") }

func (c *Cluster) URL() string { return fmt.Sprintf("https://%s:%d", c.Address, c.Ports["apiserver"]) }

// nodeName is the name of the cluster's real node.
func (c *Cluster) NodeName() string { return c.Name + "-node" }

// cgroup is the group that holds a cluster's pods.
func (c *Cluster) Cgroup() string { return fmt.Sprintf("/hourglass-%d-%s", c.Network, c.Name) }

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

// running tells whether the cluster's supervisor lives: it holds a lock, which
// the kernel takes back when it dies however it dies, so no process id needs
// to be trusted.
func (c *Cluster) Running() bool {
	f, err := os.Open(c.Path("supervisor.lock"))
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

// A name becomes part of folder, cgroup and node names.
var validName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$`)

func CheckName(name string) error {
	if !validName.MatchString(name) {
		return fmt.Errorf("%q cannot name a cluster: use up to 40 lower-case letters, digits and dashes, beginning and ending with a letter or digit", name)
	}
	return nil
}

func New(name string) *Cluster {
	return &Cluster{Name: name, Dir: filepath.Join(ClustersDir(), name)}
}

// loadCluster reads a cluster's file; fs.ErrNotExist says that there is none.
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

// runningCluster loads a cluster which must be up.
func LoadRunning(name string) (*Cluster, error) {
	c, err := Load(name)
	if errors.Is(err, os.ErrNotExist) || (err == nil && !c.Running()) {
		return nil, fmt.Errorf("cluster %q is not running; `localcluster up --name %s` starts it", name, name)
	}
	return c, err
}

// allClusters loads every cluster of this user, running or not.
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
