// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package state

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/wait"
)

// LockDir takes the exclusive lock of a folder, which it creates if necessary. If another process
// holds the lock, it calls waiting once and waits. Closing the returned file releases the lock, and
// so does the end of this process.
func LockDir(ctx context.Context, dir string, waiting func()) (*os.File, error) {
	for reported := false; ; {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
		f, err := TryLockDir(dir)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, errLocked) && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		if !reported && errors.Is(err, errLocked) {
			reported = true
			waiting()
		}
		if err := wait.Sleep(ctx, 100*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

var errLocked = errors.New("locked")

// TryLockDir is LockDir without waiting. The holder of a lock may delete the folder, so the lock is
// valid only if the path still leads to the locked folder.
func TryLockDir(dir string) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = errLocked
	}
	if err == nil && !sameFile(f, dir) {
		err = os.ErrNotExist
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func sameFile(f *os.File, path string) bool {
	a, err := f.Stat()
	if err != nil {
		return false
	}
	b, err := os.Stat(path)
	return err == nil && os.SameFile(a, b)
}
