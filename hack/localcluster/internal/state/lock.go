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

// lockDir takes the exclusive lock of a folder, which it makes if need be, and
// waits for whoever has it. The lock ends with the returned file or with this
// process.
func LockDir(ctx context.Context, dir string, waiting func()) (*os.File, error) {
	for told := false; ; {
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
		if !told && errors.Is(err, errLocked) {
			told = true
			waiting()
		}
		if err := wait.Sleep(ctx, 100*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

var errLocked = errors.New("locked")

// tryLockDir is lockDir without the patience. The folder may be deleted by
// whoever has the lock, so the lock counts only while the path still leads to
// what was locked.
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
