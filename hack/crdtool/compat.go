// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/utils/ptr"
)

// compat compares two CustomResourceDefinitions, the first of them released. It writes a line for each
// change in the second that breaks stored objects, applied manifests, or clients built for the first.
func compat(args []string, out io.Writer) error {
	released, err := readCRD(args[0])
	if err != nil {
		return err
	}
	changed, err := readCRD(args[1])
	if err != nil {
		return err
	}
	breaks := compare(released, changed)
	for _, line := range breaks {
		fmt.Fprintln(out, line)
	}
	if len(breaks) > 0 {
		return fmt.Errorf("%s is incompatible with %s (see above): undo these changes, or make them in a new API version", args[1], args[0])
	}
	return nil
}

// breaks collects the incompatible changes, one line each.
type breaks []string

func (b *breaks) add(path, format string, args ...any) {
	*b = append(*b, path+": "+fmt.Sprintf(format, args...))
}

// unchanged adds a line if a value that must not change has changed.
func (b *breaks) unchanged(path, what string, before, after any) {
	if !reflect.DeepEqual(before, after) {
		b.add(path, "%s was %s and is %s", what, text(before), text(after))
	}
}

// present adds a line for each of the words that was removed.
func (b *breaks) present(path, what string, before, after []string) {
	for _, word := range before {
		if !slices.Contains(after, word) {
			b.add(path, "%s %s was removed", what, word)
		}
	}
}

// compare returns the changes in after that break stored objects, manifests that are applied again, or
// clients that read and write the fields that they know.
func compare(before, after *apiextensionsv1.CustomResourceDefinition) []string {
	var b breaks
	was, is := before.Spec, after.Spec
	b.unchanged("spec", "group", was.Group, is.Group)
	b.unchanged("spec", "scope", was.Scope, is.Scope)
	b.unchanged("spec.names", "plural", was.Names.Plural, is.Names.Plural)
	b.unchanged("spec.names", "singular", was.Names.Singular, is.Names.Singular)
	b.unchanged("spec.names", "kind", was.Names.Kind, is.Names.Kind)
	b.unchanged("spec.names", "listKind", was.Names.ListKind, is.Names.ListKind)
	b.present("spec.names", "short name", was.Names.ShortNames, is.Names.ShortNames)
	b.present("spec.names", "category", was.Names.Categories, is.Names.Categories)
	b.unchanged("spec", "preserveUnknownFields", was.PreserveUnknownFields, is.PreserveUnknownFields)
	if !reflect.DeepEqual(was.Conversion, is.Conversion) {
		b.add("spec", "conversion has changed")
	}
	// Stored objects are pruned by the schema of the storage version.
	b.unchanged("spec.versions", "the storage version", storageVersion(was), storageVersion(is))
	for _, old := range was.Versions {
		i := slices.IndexFunc(is.Versions, func(v apiextensionsv1.CustomResourceDefinitionVersion) bool { return v.Name == old.Name })
		switch {
		case i < 0:
			b.add(old.Name, "the version was removed")
		case old.Served && !is.Versions[i].Served:
			b.add(old.Name, "the version is no longer served")
		default:
			b.version(old, is.Versions[i])
		}
	}
	return b
}

// storageVersion returns the name of the version in which objects are stored.
func storageVersion(spec apiextensionsv1.CustomResourceDefinitionSpec) string {
	for _, version := range spec.Versions {
		if version.Storage {
			return version.Name
		}
	}
	return ""
}

// version compares one version. Its columns, warnings and descriptions are for people and may change.
func (b *breaks) version(before, after apiextensionsv1.CustomResourceDefinitionVersion) {
	b.subresources(before.Name, ptr.Deref(before.Subresources, apiextensionsv1.CustomResourceSubresources{}),
		ptr.Deref(after.Subresources, apiextensionsv1.CustomResourceSubresources{}))
	selectable := func(v apiextensionsv1.CustomResourceDefinitionVersion) (paths []string) {
		for _, field := range v.SelectableFields {
			paths = append(paths, field.JSONPath)
		}
		return paths
	}
	b.present(before.Name, "selectable field", selectable(before), selectable(after))
	b.schema(before.Name, *before.Schema.OpenAPIV3Schema, *after.Schema.OpenAPIV3Schema)
}

func (b *breaks) subresources(version string, before, after apiextensionsv1.CustomResourceSubresources) {
	if before.Status != nil && after.Status == nil {
		b.add(version, "subresource status was removed")
	}
	switch {
	case before.Scale == nil:
	case after.Scale == nil:
		b.add(version, "subresource scale was removed")
	case !reflect.DeepEqual(before.Scale, after.Scale):
		b.add(version, "subresource scale has changed")
	}
}

func (b *breaks) schema(path string, before, after apiextensionsv1.JSONSchemaProps) {
	if before.XIntOrString && before.Pattern == quantityPattern && isQuantity(&after) {
		// It accepts what it accepted before, and numbers with a fraction.
		return
	}
	b.unchanged(path, "type", before.Type, after.Type)
	b.unchanged(path, "format", before.Format, after.Format)
	b.unchanged(path, "x-kubernetes-int-or-string", before.XIntOrString, after.XIntOrString)
	b.unchanged(path, "x-kubernetes-embedded-resource", before.XEmbeddedResource, after.XEmbeddedResource)
	// How lists and maps merge decides who owns which field in server-side apply.
	b.unchanged(path, "x-kubernetes-list-type", before.XListType, after.XListType)
	b.unchanged(path, "x-kubernetes-list-map-keys", before.XListMapKeys, after.XListMapKeys)
	b.unchanged(path, "x-kubernetes-map-type", before.XMapType, after.XMapType)
	// With another default, an object that leaves the field out has another meaning.
	b.unchanged(path, "default", before.Default, after.Default)
	if before.Nullable && !after.Nullable {
		b.add(path, "null is no longer allowed")
	}
	preserved := ptr.Deref(before.XPreserveUnknownFields, false)
	if preserved && !ptr.Deref(after.XPreserveUnknownFields, false) {
		b.add(path, "unknown fields are no longer preserved")
	}
	b.validation(path, before, after)
	b.rules(path, before, after)

	for _, name := range slices.Sorted(maps.Keys(before.Properties)) {
		inner, ok := after.Properties[name]
		if !ok {
			b.add(path+"."+name, "the field was removed")
			continue
		}
		b.schema(path+"."+name, before.Properties[name], inner)
	}
	if preserved {
		for _, name := range slices.Sorted(maps.Keys(after.Properties)) {
			if _, ok := before.Properties[name]; !ok {
				b.add(path+"."+name, "the field has a schema now, and could have any value before")
			}
		}
	}
	for _, name := range after.Required {
		// A field with a default has its value before the API server checks whether it is set.
		if after.Properties[name].Default == nil && !slices.Contains(before.Required, name) {
			b.add(path+"."+name, "the field is required now")
		}
	}
	b.inner(path+"[]", itemSchema(before), itemSchema(after))
	switch was, is := before.AdditionalProperties, after.AdditionalProperties; {
	case was == nil && is == nil:
	case was == nil || is == nil || was.Allows != is.Allows:
		b.add(path, "additionalProperties was added or removed")
	default:
		b.inner(path+"{}", was.Schema, is.Schema)
	}
}

// itemSchema returns the schema of the items of a list, nil if there is none.
func itemSchema(schema apiextensionsv1.JSONSchemaProps) *apiextensionsv1.JSONSchemaProps {
	if schema.Items == nil {
		return nil
	}
	return schema.Items.Schema
}

// inner compares the schemas of the elements of a list or a map.
func (b *breaks) inner(path string, before, after *apiextensionsv1.JSONSchemaProps) {
	switch {
	case before == nil && after == nil:
	case before == nil || after == nil:
		b.add(path, "the schema was added or removed")
	default:
		b.schema(path, *before, *after)
	}
}

// validation compares the keywords that reject values. They may be loosened. Tightening one breaks
// manifests that were accepted, and on older API servers every update of a stored object.
func (b *breaks) validation(path string, before, after apiextensionsv1.JSONSchemaProps) {
	raised := func(was, is float64) bool { return is > was }
	lowered := func(was, is float64) bool { return is < was }
	for _, k := range []struct {
		keyword string
		was, is *float64
		tighter func(was, is float64) bool
	}{
		{"minimum", before.Minimum, after.Minimum, raised},
		{"maximum", before.Maximum, after.Maximum, lowered},
		{"minLength", float(before.MinLength), float(after.MinLength), raised},
		{"maxLength", float(before.MaxLength), float(after.MaxLength), lowered},
		{"minItems", float(before.MinItems), float(after.MinItems), raised},
		{"maxItems", float(before.MaxItems), float(after.MaxItems), lowered},
		{"minProperties", float(before.MinProperties), float(after.MinProperties), raised},
		{"maxProperties", float(before.MaxProperties), float(after.MaxProperties), lowered},
	} {
		switch {
		case k.is == nil:
		case k.was == nil:
			b.add(path, "%s is %s now, and was not set%s", k.keyword, text(k.is), advice)
		case k.tighter(*k.was, *k.is):
			b.add(path, "%s was %s and is %s%s", k.keyword, text(k.was), text(k.is), advice)
		}
	}
	if !before.ExclusiveMinimum && after.ExclusiveMinimum || !before.ExclusiveMaximum && after.ExclusiveMaximum {
		b.add(path, "a bound is exclusive now%s", advice)
	}
	if !before.UniqueItems && after.UniqueItems {
		b.add(path, "items must be unique now%s", advice)
	}
	if after.MultipleOf != nil {
		b.unchanged(path, "multipleOf", before.MultipleOf, after.MultipleOf)
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
			if !slices.ContainsFunc(after.Enum, func(v apiextensionsv1.JSON) bool { return reflect.DeepEqual(v, value) }) {
				b.add(path, "enum no longer has %s", text(value))
			}
		}
	}
	// Whether a combination of schemas is stricter than another is not worked out here.
	if after.AllOf != nil {
		b.unchanged(path, "allOf", before.AllOf, after.AllOf)
	}
	if after.AnyOf != nil {
		b.unchanged(path, "anyOf", before.AnyOf, after.AnyOf)
	}
	if after.OneOf != nil {
		b.unchanged(path, "oneOf", before.OneOf, after.OneOf)
	}
	if after.Not != nil {
		b.unchanged(path, "not", before.Not, after.Not)
	}
}

// float converts a bound on a length or a count.
func float(bound *int64) *float64 {
	if bound == nil {
		return nil
	}
	return ptr.To(float64(*bound))
}

// advice says how to restrict new objects without breaking stored ones.
const advice = "; to restrict new objects only, use a rule with optionalOldSelf that begins with oldSelf.hasValue() ||"

var (
	// guard is how a rule begins that holds for every object without a certain field.
	guard = regexp.MustCompile(`^!has\(self\.([A-Za-z0-9_]+)\) \|\| `)
	// ternary is a ? that is not an optional selection, such as self.?field or self.map[?key].
	ternary = regexp.MustCompile(`(^|[^.[])\?`)
)

// rules compares the CEL rules. A rule may be removed. A rule may be added if it ignores stored objects.
func (b *breaks) rules(path string, before, after apiextensionsv1.JSONSchemaProps) {
	for _, rule := range after.XValidations {
		known := slices.ContainsFunc(before.XValidations, func(old apiextensionsv1.ValidationRule) bool {
			return old.Rule == rule.Rule && ptr.Deref(old.OptionalOldSelf, false) == ptr.Deref(rule.OptionalOldSelf, false)
		})
		if !known && !ignoresStored(rule, before, after) {
			b.add(path, "rule %s is new or has changed%s", text(rule.Rule), advice)
		}
	}
}

// ignoresStored reports whether a rule obviously holds for stored objects: for every object that exists
// already, or for every object without a certain field, where that field is new and has no default. It
// looks only at the beginning of the rule, which decides the result unless a ternary follows.
func ignoresStored(rule apiextensionsv1.ValidationRule, before, after apiextensionsv1.JSONSchemaProps) bool {
	if ternary.MatchString(rule.Rule) {
		return false
	}
	if ptr.Deref(rule.OptionalOldSelf, false) && strings.HasPrefix(rule.Rule, "oldSelf.hasValue() || ") {
		return true
	}
	match := guard.FindStringSubmatch(rule.Rule)
	if match == nil {
		return false
	}
	_, known := before.Properties[match[1]]
	field, exists := after.Properties[match[1]]
	return !known && exists && field.Default == nil
}

// text returns a value as JSON.
func text(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(data)
}
