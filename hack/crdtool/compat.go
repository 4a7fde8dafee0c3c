// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/Layr-Labs/hourglass-operator/hack/internal/crd"
)

// breaks are the places in which a newer CRD breaks what an older one promised, each as a line.
type breaks []string

func (b *breaks) add(path, format string, args ...any) {
	*b = append(*b, path+": "+fmt.Sprintf(format, args...))
}

// same adds a break where a word of which nothing else can be said has changed.
func (b *breaks) same(path, what string, before, after any) {
	if !reflect.DeepEqual(before, after) {
		b.add(path, "%s was %s and is %s", what, text(before), text(after))
	}
}

// kept adds a break for each of the words that is no longer there.
func (b *breaks) kept(path, what string, before, after []string) {
	for _, word := range before {
		if !slices.Contains(after, word) {
			b.add(path, "%s %s is gone", what, word)
		}
	}
}

// compare returns what of after breaks what before promised. In question are the objects that are
// stored, the manifests that are applied again, and the clients that read and write what they know.
func compare(before, after *crd.Definition) []string {
	var b breaks
	b.same("spec", "group", before.Spec.Group, after.Spec.Group)
	b.same("spec", "scope", before.Spec.Scope, after.Spec.Scope)
	b.same("spec.names", "plural", before.Spec.Names.Plural, after.Spec.Names.Plural)
	b.same("spec.names", "singular", before.Spec.Names.Singular, after.Spec.Names.Singular)
	b.same("spec.names", "kind", before.Spec.Names.Kind, after.Spec.Names.Kind)
	b.same("spec.names", "listKind", before.Spec.Names.ListKind, after.Spec.Names.ListKind)
	b.kept("spec.names", "short name", before.Spec.Names.ShortNames, after.Spec.Names.ShortNames)
	b.kept("spec.names", "category", before.Spec.Names.Categories, after.Spec.Names.Categories)
	b.same("spec", "preserveUnknownFields", before.Spec.PreserveUnknownFields, after.Spec.PreserveUnknownFields)
	if !bytes.Equal(before.Spec.Conversion, after.Spec.Conversion) {
		b.add("spec", "conversion has changed")
	}
	// What is stored is pruned by the schema of the version that it is stored in.
	b.same("spec.versions", "what is stored", stored(before), stored(after))
	for _, old := range before.Spec.Versions {
		i := slices.IndexFunc(after.Spec.Versions, func(v crd.Version) bool { return v.Name == old.Name })
		switch {
		case i < 0:
			b.add(old.Name, "the version is gone")
		case old.Served && !after.Spec.Versions[i].Served:
			b.add(old.Name, "the version is no longer served")
		default:
			b.version(old, after.Spec.Versions[i])
		}
	}
	return b
}

// stored is the name of the version in which objects are stored.
func stored(d *crd.Definition) string {
	for _, v := range d.Spec.Versions {
		if v.Storage {
			return v.Name
		}
	}
	return ""
}

// version compares what one version promised. Its columns and warnings are for people, as are the
// descriptions, and may change.
func (b *breaks) version(before, after crd.Version) {
	b.kept(before.Name, "subresource", slices.Sorted(maps.Keys(before.Subresources)), slices.Sorted(maps.Keys(after.Subresources)))
	for name, was := range before.Subresources {
		if is, ok := after.Subresources[name]; ok && !bytes.Equal(was, is) {
			b.add(before.Name, "subresource %s has changed", name)
		}
	}
	selectable := func(v crd.Version) (paths []string) {
		for _, field := range v.SelectableFields {
			paths = append(paths, field.JSONPath)
		}
		return paths
	}
	b.kept(before.Name, "selectable field", selectable(before), selectable(after))
	b.schema(before.Name, before.Schema.OpenAPIV3Schema, after.Schema.OpenAPIV3Schema)
}

func (b *breaks) schema(path string, before, after *crd.Schema) {
	b.same(path, "type", before.Type, after.Type)
	b.same(path, "format", before.Format, after.Format)
	b.same(path, "x-kubernetes-int-or-string", before.IntOrString, after.IntOrString)
	b.same(path, "x-kubernetes-embedded-resource", before.EmbeddedResource, after.EmbeddedResource)
	// How lists and maps merge decides who owns what in server-side apply.
	b.same(path, "x-kubernetes-list-type", before.ListType, after.ListType)
	b.same(path, "x-kubernetes-list-map-keys", before.ListMapKeys, after.ListMapKeys)
	b.same(path, "x-kubernetes-map-type", before.MapType, after.MapType)
	// An object that leaves the field out means another thing with another default.
	b.same(path, "default", before.Default, after.Default)
	if before.Nullable && !after.Nullable {
		b.add(path, "null is no longer allowed")
	}
	if before.PreserveUnknownFields && !after.PreserveUnknownFields {
		b.add(path, "unknown fields are no longer preserved")
	}
	b.judgement(path, before, after)
	b.rules(path, before, after)

	for _, name := range slices.Sorted(maps.Keys(before.Properties)) {
		inner, ok := after.Properties[name]
		if !ok {
			b.add(path+"."+name, "the field is gone")
			continue
		}
		b.schema(path+"."+name, before.Properties[name], inner)
	}
	if before.PreserveUnknownFields {
		for _, name := range slices.Sorted(maps.Keys(after.Properties)) {
			if before.Properties[name] == nil {
				b.add(path+"."+name, "anything could be there, and is described now")
			}
		}
	}
	for _, name := range after.Required {
		// One with a default is there before it is asked for.
		if p := after.Properties[name]; !slices.Contains(before.Required, name) && (p == nil || p.Default == nil) {
			b.add(path+"."+name, "the field is required now")
		}
	}
	b.inner(path+"[]", before.Items, after.Items)
	switch was, is := before.AdditionalProperties, after.AdditionalProperties; {
	case was == nil && is == nil:
	case was == nil || is == nil || was.Allowed != is.Allowed:
		b.add(path, "additionalProperties came or went")
	default:
		b.inner(path+"{}", was.Schema, is.Schema)
	}
}

// inner compares the schemas of the elements of a list or a map.
func (b *breaks) inner(path string, before, after *crd.Schema) {
	switch {
	case before == nil && after == nil:
	case before == nil || after == nil:
		b.add(path, "the schema came or went")
	default:
		b.schema(path, before, after)
	}
}

// judgement compares the keywords by which values are refused. They may be loosened. That they are
// tightened breaks a manifest that was accepted, and on older API servers any update of an object.
func (b *breaks) judgement(path string, before, after *crd.Schema) {
	type bound struct {
		name        string
		was, is     *float64
		tightenedIf func(was, is float64) bool
	}
	up := func(was, is float64) bool { return is > was }
	down := func(was, is float64) bool { return is < was }
	for _, k := range []bound{
		{"minimum", before.Minimum, after.Minimum, up},
		{"maximum", before.Maximum, after.Maximum, down},
		{"minLength", before.MinLength, after.MinLength, up},
		{"maxLength", before.MaxLength, after.MaxLength, down},
		{"minItems", before.MinItems, after.MinItems, up},
		{"maxItems", before.MaxItems, after.MaxItems, down},
		{"minProperties", before.MinProperties, after.MinProperties, up},
		{"maxProperties", before.MaxProperties, after.MaxProperties, down},
	} {
		switch {
		case k.is == nil:
		case k.was == nil:
			b.add(path, "%s is %v now, and was not set%s", k.name, *k.is, advice)
		case k.tightenedIf(*k.was, *k.is):
			b.add(path, "%s was %v and is %v%s", k.name, *k.was, *k.is, advice)
		}
	}
	if !before.ExclusiveMinimum && after.ExclusiveMinimum || !before.ExclusiveMaximum && after.ExclusiveMaximum {
		b.add(path, "a bound is exclusive now%s", advice)
	}
	if !before.UniqueItems && after.UniqueItems {
		b.add(path, "items must be unique now%s", advice)
	}
	if after.MultipleOf != nil {
		b.same(path, "multipleOf", before.MultipleOf, after.MultipleOf)
	}
	if after.Pattern != "" && after.Pattern != before.Pattern {
		b.add(path, "pattern was %s and is %s%s", text(before.Pattern), text(after.Pattern), advice)
	}
	switch {
	case len(after.Enum) == 0:
	case len(before.Enum) == 0:
		b.add(path, "enum is %s now, and was not set%s", text(after.Enum), advice)
	default:
		for _, value := range before.Enum {
			if !slices.ContainsFunc(after.Enum, func(v any) bool { return reflect.DeepEqual(v, value) }) {
				b.add(path, "enum lacks %s now", text(value))
			}
		}
	}
	// What these mean together is not worked out here.
	for _, k := range []struct {
		name    string
		was, is any
	}{{"allOf", before.AllOf, after.AllOf}, {"anyOf", before.AnyOf, after.AnyOf}, {"oneOf", before.OneOf, after.OneOf}, {"not", before.Not, after.Not}} {
		if k.is != nil {
			b.same(path, k.name, k.was, k.is)
		}
	}
}

// advice says how to ask more of new objects and let the old ones be.
const advice = "; a rule with optionalOldSelf that begins with oldSelf.hasValue() || asks it of new objects only"

var (
	guard = regexp.MustCompile(`^!has\(self\.([A-Za-z0-9_]+)\) \|\| `)
	// ternary is a ? that does not choose optionally, as self.?field and self.map[?key] do.
	ternary = regexp.MustCompile(`(^|[^.[])\?`)
)

// rules compares the rules in CEL. One may go. One may come where it spares what is there.
func (b *breaks) rules(path string, before, after *crd.Schema) {
	for _, r := range after.Validations {
		known := slices.ContainsFunc(before.Validations, func(old crd.Rule) bool {
			return old.Rule == r.Rule && old.OptionalOldSelf == r.OptionalOldSelf
		})
		if !known && !spares(r, before, after) {
			b.add(path, "rule %s is new or has changed%s", text(r.Rule), advice)
		}
	}
}

// spares tells whether a rule plainly holds for what is there: for an object that exists already, or
// for one that lacks a field which is new itself and has no default. It reads only the beginning,
// which decides all unless a ternary follows.
func spares(r crd.Rule, before, after *crd.Schema) bool {
	if ternary.MatchString(r.Rule) {
		return false
	}
	if r.OptionalOldSelf && strings.HasPrefix(r.Rule, "oldSelf.hasValue() || ") {
		return true
	}
	field := guard.FindStringSubmatch(r.Rule)
	if field == nil || before.Properties[field[1]] != nil {
		return false
	}
	fresh := after.Properties[field[1]]
	return fresh != nil && fresh.Default == nil
}

// text is a value as JSON.
func text(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(data)
}
