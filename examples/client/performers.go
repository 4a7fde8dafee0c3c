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

// fieldManager is who the API server notes as the owner of the fields that this program sets. Give
// your tool a name of its own, and keep it.
const fieldManager = "performers-example"

// wanted is what a Performer is to ask for.
type wanted struct {
	avsAddress, image, version string
	port                       int
}

// create makes a Performer. It is an error that there is one of this name.
func create(ctx context.Context, client versioned.Interface, namespace, name string, w wanted) (*v1alpha1.Performer, error) {
	performer := &v1alpha1.Performer{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.PerformerSpec{
			AVSAddress: w.avsAddress,
			Image:      w.image,
			Version:    w.version,
			Config:     v1alpha1.PerformerConfig{GRPCPort: int32(w.port)},
		},
	}
	return client.HourglassV1alpha1().Performers(namespace).Create(ctx, performer, metav1.CreateOptions{FieldManager: fieldManager})
}

// apply makes a Performer, or changes the one that is there, by server-side apply. It owns the fields
// that it sets: one that it set before and leaves out now is taken away, and one that somebody else
// owns is left alone, unless force is true.
func apply(ctx context.Context, client versioned.Interface, namespace, name string, w wanted, force bool) (*v1alpha1.Performer, error) {
	spec := applyv1alpha1.PerformerSpec().
		WithAVSAddress(w.avsAddress).
		WithImage(w.image).
		WithConfig(applyv1alpha1.PerformerConfig().WithGRPCPort(int32(w.port)))
	if w.version != "" {
		spec.WithVersion(w.version)
	}
	performer := applyv1alpha1.Performer(name, namespace).WithSpec(spec)
	applied, err := client.HourglassV1alpha1().Performers(namespace).
		Apply(ctx, performer, metav1.ApplyOptions{FieldManager: fieldManager, Force: force})
	if apierrors.IsConflict(err) {
		return nil, fmt.Errorf("somebody else owns what would change (--force takes it over): %w", err)
	}
	return applied, err
}

// isReady tells whether what p asks for now is what serves, or that it can't come to that unless
// somebody changes something. Where the status is of an earlier generation it tells nothing yet.
func isReady(p *v1alpha1.Performer) (bool, error) {
	if p.Status.ObservedGeneration != p.Generation {
		return false, nil
	}
	if stalled := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionStalled); stalled != nil && stalled.Status == metav1.ConditionTrue {
		return false, fmt.Errorf("%s: %s", stalled.Reason, stalled.Message)
	}
	return meta.IsStatusConditionTrue(p.Status.Conditions, v1alpha1.ConditionReady), nil
}

// waitReady waits until what the Performer asks for is what serves, and tells of the steps on the
// way. It ends early where nothing but a change helps.
func waitReady(ctx context.Context, client versioned.Interface, namespace, name string, tell func(string)) (*v1alpha1.Performer, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	performers, changed, err := follow(ctx, stop, client, namespace, name)
	if err != nil {
		return nil, err
	}
	told := ""
	for {
		p, err := performers.Get(name)
		if err != nil {
			return nil, err
		}
		if ready, err := isReady(p); ready || err != nil {
			return p, err
		}
		if now := summary(p); now != told {
			told = now
			tell(now)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w; the last that was seen: %s", context.Cause(ctx), told)
		}
	}
}

// remove deletes a Performer and waits until it is gone, and with it its Pod and its Service.
func remove(ctx context.Context, client versioned.Interface, namespace, name string) error {
	p, err := client.HourglassV1alpha1().Performers(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	// This one, and not another that somebody makes by this name in the meantime.
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
		left, err := performers.Get(name)
		if apierrors.IsNotFound(err) || err == nil && left.UID != p.UID {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%w; the last that was seen: %s", context.Cause(ctx), summary(left))
		}
	}
}

// watchAll prints the Performers of a namespace and then each change of them, until ctx ends.
func watchAll(ctx context.Context, client versioned.Interface, namespace string, out io.Writer) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	informer, start := inform(ctx, stop, client, namespace, "")
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(object any) { fmt.Fprintln(out, summary(object.(*v1alpha1.Performer))) },
		UpdateFunc: func(before, after any) {
			// An informer may give the same again.
			if line := summary(after.(*v1alpha1.Performer)); line != summary(before.(*v1alpha1.Performer)) {
				fmt.Fprintln(out, line)
			}
		},
		DeleteFunc: func(object any) {
			// Where the watch was interrupted, all that is known is that it is gone.
			key, err := cache.DeletionHandlingObjectToName(object)
			if err == nil {
				fmt.Fprintf(out, "%s is gone\n", key.Name)
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

// follow keeps the Performer of the given name in a lister, by a watch. Whenever it may have changed
// there is something in the channel, which says only that: look at the lister for what it is now.
func follow(ctx context.Context, stop context.CancelCauseFunc, client versioned.Interface, namespace, name string) (listersv1alpha1.PerformerNamespaceLister, <-chan struct{}, error) {
	changed := make(chan struct{}, 1)
	notify := func() {
		select {
		case changed <- struct{}{}:
		default: // one notice is enough, however many changes there were
		}
	}
	informer, start := inform(ctx, stop, client, namespace, name)
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

// inform returns an informer of a namespace's Performers, or of the one that is named. start starts it
// and returns its lister when that is filled. It runs until ctx ends. An informer tries on for ever,
// also where it is refused: stop is told of that, so that ctx ends with the cause.
func inform(ctx context.Context, stop context.CancelCauseFunc, client versioned.Interface, namespace, name string) (
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

// summary is one line about a Performer: its phase, and what the condition Ready says.
func summary(p *v1alpha1.Performer) string {
	ready := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return p.Name + ": not seen by the operator yet"
	}
	return fmt.Sprintf("%s: %s, %s: %s", p.Name, p.Status.Phase, ready.Reason, ready.Message)
}
