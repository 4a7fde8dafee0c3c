// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/tools/cache"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	applyv1alpha1 "github.com/Layr-Labs/hourglass-operator/pkg/generated/applyconfiguration/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/generated/clientset/versioned"
	"github.com/Layr-Labs/hourglass-operator/pkg/generated/informers/externalversions"
	listersv1alpha1 "github.com/Layr-Labs/hourglass-operator/pkg/generated/listers/hourglass/v1alpha1"
)

// fieldManager is the name that the API server records as the owner of the fields that this program
// sets. Choose a unique name for your tool and do not change it later.
const fieldManager = "performers-example"

// desired is the desired spec of a Performer.
type desired struct {
	avsAddress, image, version string
	port                       int
}

// create creates a Performer. It returns an AlreadyExists error if there is one with this name.
func create(ctx context.Context, client versioned.Interface, namespace, name string, d desired) (*v1alpha1.Performer, error) {
	performer := &v1alpha1.Performer{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.PerformerSpec{
			AVSAddress: d.avsAddress,
			Image:      d.image,
			Version:    d.version,
			Config:     v1alpha1.PerformerConfig{GRPCPort: int32(d.port)},
		},
	}
	return client.HourglassV1alpha1().Performers(namespace).Create(ctx, performer, metav1.CreateOptions{FieldManager: fieldManager})
}

// apply creates or updates a Performer by server-side apply. The field manager owns the fields that
// it sets. A field that it set before and leaves out now is removed. Changing a field that another
// field manager owns is a conflict, unless force is true.
func apply(ctx context.Context, client versioned.Interface, namespace, name string, d desired, force bool) (*v1alpha1.Performer, error) {
	spec := applyv1alpha1.PerformerSpec().
		WithAVSAddress(d.avsAddress).
		WithImage(d.image).
		WithConfig(applyv1alpha1.PerformerConfig().WithGRPCPort(int32(d.port)))
	if d.version != "" {
		spec.WithVersion(d.version)
	}
	performer := applyv1alpha1.Performer(name, namespace).WithSpec(spec)
	applied, err := client.HourglassV1alpha1().Performers(namespace).
		Apply(ctx, performer, metav1.ApplyOptions{FieldManager: fieldManager, Force: force})
	if apierrors.IsConflict(err) {
		return nil, fmt.Errorf("another field manager owns a field that would change (use --force to take it over): %w", err)
	}
	return applied, err
}

// isReady reports whether the serving pod matches the current spec of p. It returns an error if p
// can't become ready until somebody changes something. It ignores a status of an earlier
// generation.
func isReady(p *v1alpha1.Performer) (bool, error) {
	if p.Status.ObservedGeneration != p.Generation {
		return false, nil
	}
	if stalled := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionStalled); stalled != nil && stalled.Status == metav1.ConditionTrue {
		return false, fmt.Errorf("%s: %s", stalled.Reason, stalled.Message)
	}
	return meta.IsStatusConditionTrue(p.Status.Conditions, v1alpha1.ConditionReady), nil
}

// waitReady waits until the Performer is ready, and reports its progress. It returns an error early
// if the Performer can't become ready until somebody changes something.
func waitReady(ctx context.Context, client versioned.Interface, namespace, name string, report func(string)) (*v1alpha1.Performer, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	performers, changed, err := follow(ctx, stop, client, namespace, name)
	if err != nil {
		return nil, err
	}
	reported := ""
	for {
		p, err := performers.Get(name)
		if err != nil {
			return nil, err
		}
		if ready, err := isReady(p); ready || err != nil {
			return p, err
		}
		if current := summary(p); current != reported {
			reported = current
			report(current)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w; last state: %s", context.Cause(ctx), reported)
		}
	}
}

// remove deletes a Performer and waits until it, its Pod and its Service are deleted.
func remove(ctx context.Context, client versioned.Interface, namespace, name string) error {
	p, err := client.HourglassV1alpha1().Performers(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	// The precondition protects a new Performer that somebody creates with this name in the
	// meantime.
	err = client.HourglassV1alpha1().Performers(namespace).
		Delete(ctx, name, metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(p.UID))})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	performers, changed, err := follow(ctx, stop, client, namespace, name)
	if err != nil {
		return err
	}
	for {
		current, err := performers.Get(name)
		if apierrors.IsNotFound(err) || err == nil && current.UID != p.UID {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%w; last state: %s", context.Cause(ctx), summary(current))
		}
	}
}

// watchAll prints the Performers in a namespace and then each change of them, until ctx is done.
func watchAll(ctx context.Context, client versioned.Interface, namespace string, out io.Writer) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	informer, start := newInformer(ctx, stop, client, namespace, "")
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(object any) { fmt.Fprintln(out, summary(object.(*v1alpha1.Performer))) },
		UpdateFunc: func(before, after any) {
			// An informer may repeat an object that has not changed.
			if line := summary(after.(*v1alpha1.Performer)); line != summary(before.(*v1alpha1.Performer)) {
				fmt.Fprintln(out, line)
			}
		},
		DeleteFunc: func(object any) {
			// After an interrupted watch, object may be a tombstone instead of a Performer.
			key, err := cache.DeletionHandlingObjectToName(object)
			if err == nil {
				fmt.Fprintf(out, "%s deleted\n", key.Name)
			}
		},
	})
	if err != nil {
		return err
	}
	if _, err := start(); err != nil {
		return err
	}
	<-ctx.Done()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// follow watches the Performer with the given name. It returns a lister with its current state, and
// a channel that receives a value whenever that state may have changed.
func follow(ctx context.Context, stop context.CancelCauseFunc, client versioned.Interface, namespace, name string) (listersv1alpha1.PerformerNamespaceLister, <-chan struct{}, error) {
	changed := make(chan struct{}, 1)
	notify := func() {
		select {
		case changed <- struct{}{}:
		default: // one pending notification is enough for any number of changes
		}
	}
	informer, start := newInformer(ctx, stop, client, namespace, name)
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { notify() },
		UpdateFunc: func(any, any) { notify() },
		DeleteFunc: func(any) { notify() },
	})
	if err != nil {
		return nil, nil, err
	}
	lister, err := start()
	return lister, changed, err
}

// newInformer returns an informer for the Performers in a namespace, or for the one with the given
// name. start starts it, waits until its cache is filled, and returns its lister. It runs until ctx
// is done. An informer retries forever, even if its requests are rejected. In that case newInformer
// calls stop with the error, so that ctx is done and has that cause.
func newInformer(ctx context.Context, stop context.CancelCauseFunc, client versioned.Interface, namespace, name string) (
	informer cache.SharedIndexInformer, start func() (listersv1alpha1.PerformerNamespaceLister, error),
) {
	factory := externalversions.NewSharedInformerFactoryWithOptions(client, 0,
		externalversions.WithNamespace(namespace),
		externalversions.WithTweakListOptions(func(options *metav1.ListOptions) {
			if name != "" {
				options.FieldSelector = fields.OneTermEqualSelector(metav1.ObjectNameField, name).String()
			}
		}))
	performers := factory.Hourglass().V1alpha1().Performers()
	return performers.Informer(), func() (listersv1alpha1.PerformerNamespaceLister, error) {
		err := performers.Informer().SetWatchErrorHandlerWithContext(func(ctx context.Context, reflector *cache.Reflector, err error) {
			if apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) || apierrors.IsNotFound(err) {
				stop(err)
				return
			}
			cache.DefaultWatchErrorHandler(ctx, reflector, err)
		})
		if err != nil {
			return nil, err
		}
		factory.StartWithContext(ctx)
		if !cache.WaitForCacheSync(ctx.Done(), performers.Informer().HasSynced) {
			return nil, context.Cause(ctx)
		}
		return performers.Lister().Performers(namespace), nil
	}
}

// summary returns one line about a Performer: its phase, and the reason and message of its
// condition Ready.
func summary(p *v1alpha1.Performer) string {
	ready := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return p.Name + ": not reconciled yet"
	}
	return fmt.Sprintf("%s: %s, %s: %s", p.Name, p.Status.Phase, ready.Reason, ready.Message)
}
