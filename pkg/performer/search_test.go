// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// The searches go through the states that a few moves lead to, in any order, with the operator crashing
// anywhere, and check in each of them the properties of search_properties_test.go.

// withoutRaceDetector skips a search under the race detector, which makes it more than ten times slower.
func withoutRaceDetector(t *testing.T) {
	t.Helper()
	if raceDetector {
		t.Skip("takes minutes with -race: hack/test.sh runs it without")
	}
}

// TestEveryStateSettles searches from the creation of a Performer, where others do nothing but delete pods
// and remove labels. A quota with room for one pod in addition to the serving one is enough, and under
// Recreate one with room for the serving one.
func TestEveryStateSettles(t *testing.T) {
	withoutRaceDetector(t)
	for _, tt := range []struct {
		strategy     string
		quota, depth int
	}{{"BlueGreen", 0, 3}, {"BlueGreen", 2, 4}, {"Recreate", 0, 3}, {"Recreate", 1, 4}} {
		t.Run(fmt.Sprintf("%s, quota %d", tt.strategy, tt.quota), func(t *testing.T) {
			t.Parallel()
			search(t, tt.depth, &world{p: withoutFinalizers(strategies[tt.strategy]), now: testNow, quota: tt.quota})
		})
	}
}

// TestEveryTroubleIsExplained searches from a Performer that runs. Troubles begin and end at any
// time.
func TestEveryTroubleIsExplained(t *testing.T) {
	withoutRaceDetector(t)
	for group, troubles := range map[string][]*trouble{
		"policies": policies(), "failing resizes": resizeTroubles(), "injection": injectors(), "contention": undoers(), "other settings": settings(),
	} {
		for name, strategy := range strategies {
			t.Run(group+", "+name, func(t *testing.T) {
				t.Parallel()
				start := &world{p: withoutFinalizers(strategy), now: testNow, troubles: troubles}
				if slices.ContainsFunc(troubles, func(t *trouble) bool { return t.resizes }) {
					start.cpus(1)
				}
				if wrong := start.settles(knownWorlds{}); wrong != "" {
					t.Fatal(wrong)
				}
				start.story = nil
				search(t, 2, start)
			})
		}
	}
}

// TestLongStories follows long stories of moves that are chosen at random, of all there are.
func TestLongStories(t *testing.T) {
	withoutRaceDetector(t)
	const stories, length = 50, 25
	for name, change := range disruptionTypes {
		for seed := range uint64(stories) {
			t.Run(fmt.Sprintf("%s, %d", name, seed), func(t *testing.T) {
				t.Parallel()
				start := &world{p: withoutFinalizers(change), now: testNow, troubles: slices.Concat(allTroubles(), disruptions()), nodes: twoNodes()}
				start.cpus(1)
				random := rand.New(rand.NewPCG(seed, 0))
				known := knownWorlds{}
				w := start
				for range length {
					moves := w.moves()
					next := moves[0] // the operator's full sync
					if random.IntN(2) == 0 {
						next = moves[random.IntN(len(moves))]
					}
					w = w.after(next)
					if wrong, _ := w.wrong(known); wrong != "" {
						fail(t, start, w.story)
					}
				}
			})
		}
	}
}

var strategies = map[string]func(*v1alpha1.Performer){"BlueGreen": func(*v1alpha1.Performer) {}, "Recreate": recreate}

func withoutFinalizers(change ...func(*v1alpha1.Performer)) *v1alpha1.Performer {
	return newPerformer(append(change, func(p *v1alpha1.Performer) { p.Finalizers = nil })...)
}

// wrong checks the properties in a world, and returns the first that does not hold, with the story.
func (w *world) wrong(known knownWorlds) (wrong string, story []string) {
	for _, check := range []func(*world) string{
		func(*world) string { return "" },
		func(c *world) string { return c.settles(known) },
		func(c *world) string { return c.deletes(known) },
		func(c *world) string {
			if repeated := c.repeats(); repeated != "" {
				return "while every pod is refused, the operator repeats " + repeated
			}
			return ""
		},
	} {
		c := w.clone()
		wrong := check(c)
		if c.breach != "" {
			wrong = c.breach
		}
		if wrong != "" {
			return wrong, c.story
		}
	}
	return "", nil
}

// search searches all states that at most depth moves lead to.
func search(t *testing.T, depth int, start *world) {
	frontier, seen, known := []*world{start}, map[string]bool{}, knownWorlds{}
	for range depth {
		var further []*world
		for _, w := range frontier {
			for _, m := range w.moves() {
				next := w.after(m)
				if key := next.key(); !seen[key] {
					seen[key] = true
					if wrong, story := next.wrong(known); wrong != "" {
						t.Fatal(formatStory(wrong, story))
					}
					further = append(further, next)
				}
			}
		}
		frontier = further
	}
	t.Logf("%d states", len(seen))
}

// fail fails the test with the shortest story that still goes wrong.
func fail(t *testing.T, start *world, moves []string) {
	for i := 0; i < len(moves); {
		shorter := slices.Delete(slices.Clone(moves), i, i+1)
		if w := start.replay(shorter); w != nil {
			if wrong, _ := w.wrong(knownWorlds{}); wrong != "" {
				moves, i = shorter, 0
				continue
			}
		}
		i++
	}
	wrong, story := start.replay(moves).wrong(knownWorlds{})
	t.Fatal(formatStory(wrong, story))
}

// replay returns the world after moves of the given names, or nil if one of them is not possible.
func (w *world) replay(names []string) *world {
	for _, name := range names {
		moves := w.moves()
		i := slices.IndexFunc(moves, func(m move) bool { return m.name == name })
		if i < 0 {
			return nil
		}
		w = w.after(moves[i])
	}
	return w
}

// formatStory formats what went wrong, and how it came to it.
func formatStory(wrong string, story []string) string {
	return wrong + ", after:\n  " + strings.Join(story, "\n  ")
}
