"""Reads {text or files, minor, foreign} as JSON, prints the mistakes as a JSON list.

The schemas are those of kubernetes-validate. Its own command is not used because it lets an unknown kind pass, falls back
to an older minor in silence, stops at an object's first mistake and reads every schema again for each object.
"""

import functools
import json
import sys

import yaml
from jsonschema.exceptions import best_match
from jsonschema.validators import Draft202012Validator
from kubernetes_validate import utils
from referencing import Registry, Resource


class Loader(yaml.SafeLoader):
    """YAML 1.1 as kubectl reads it; a duplicate key is a mistake."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"duplicate key {key}", node.start_mark)
        return super().construct_mapping(node, deep)


# `=` alone is a string, as in kubernetes-validate; a date is one too.
Loader.add_constructor("tag:yaml.org,2002:value", Loader.construct_yaml_str)
Loader.add_constructor("tag:yaml.org,2002:timestamp", Loader.construct_yaml_str)


def directory(minor):
    versions = [version for version in utils.all_versions() if utils.major_minor(version) == minor]
    if not versions:
        sys.exit(f"kubernetes-validate has no schemas of Kubernetes {minor}")
    return f"kubernetes-json-schema/v{versions[-1]}-local-strict"


@functools.lru_cache(maxsize=None)
def registry(minor):
    definitions = Resource.from_contents(utils.schema_contents(f"{directory(minor)}/_definitions.json", minor))
    return definitions @ Registry()


@functools.lru_cache(maxsize=None)
def validator(minor, api_version, kind):
    group, _, version = api_version.rpartition("/")
    name = "-".join(part for part in (kind.lower(), group.split(".")[0], version) if part)
    schema = utils.schema_contents(f"{directory(minor)}/{name}.json", minor)
    return Draft202012Validator(schema, registry=Resource.from_contents(schema) @ registry(minor))


def objects(text):
    for document in yaml.load_all(text, Loader):
        if isinstance(document, dict) and document.get("kind") == "List":
            yield from document.get("items") or []
        elif document is not None:
            yield document


def reason(error):
    """The message of a scalar's mistake has its value in it; that of a long object would be pages."""
    cause = best_match([error]) if error.context else error
    return cause.message if len(cause.message) < 300 else cause.message[:140] + " … " + cause.message[-140:]


def mistakes(document, minor, foreign):
    if not isinstance(document, dict) or not document.get("kind") or not document.get("apiVersion"):
        yield "no object: it has no apiVersion or no kind"
        return
    metadata = document.get("metadata") or {}
    parts = (document["kind"], metadata.get("namespace"), metadata.get("name"))
    name = "/".join(str(part) for part in parts if part)
    if document["apiVersion"] in foreign:
        return
    try:
        errors = validator(minor, document["apiVersion"], document["kind"]).iter_errors(document)
    except FileNotFoundError:
        yield f"{name}: Kubernetes {minor} has no {document['kind']} in {document['apiVersion']}"
        return
    for error in errors:
        path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
        yield f"{name}: {path or '.'}: {reason(error)}"


def main():
    asked = json.load(sys.stdin)
    sources = [("", asked["text"])] if "text" in asked else [(f, open(f).read()) for f in asked["files"]]
    found = []
    for file, text in sources:
        prefix = f"{file}: " if file else ""
        try:
            for document in objects(text):
                found += [prefix + mistake for mistake in mistakes(document, asked["minor"], asked["foreign"])]
        except yaml.YAMLError as error:
            found.append(f"{prefix}{error}")
    json.dump(found, sys.stdout)


main()
