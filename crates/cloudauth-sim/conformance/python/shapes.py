"""The operations of the package, their requests, and their responses."""

import inspect
import json
import typing
from pathlib import Path

from alibabacloud_cloudauth20190307.client import Client

VALUES = json.loads((Path(__file__).parent.parent / "values.json").read_text())


def operations():
    for name, method in inspect.getmembers(Client, inspect.isfunction):
        if name.endswith("with_options"):
            hints = typing.get_type_hints(method)
            yield name, hints.get("request") or hints.get("tmp_req"), hints["return"]


def action_of(response_class):
    return response_class.__name__.removesuffix("Response")


def hints_of(model):
    hints = typing.get_type_hints(model.__init__)
    hints.pop("return", None)
    return hints


def wire_name(model, attribute, value):
    alone = model()
    setattr(alone, attribute, value)
    # The package always writes lists, even empty ones.
    ((wire, _),) = [one for one in alone.to_map().items() if one[1] != []]
    return wire


def filled(model, action, known, without=()):
    """A request with plausible values, without parameters that exclude each other."""
    made = model()
    for number, (attribute, kind) in enumerate(sorted(hints_of(model).items())):
        if attribute in without:
            continue
        wire = wire_name(model, attribute, example(kind, number))
        value = VALUES.get(f"{action}.{wire}", VALUES.get(wire, example(kind, number)))
        if isinstance(value, str) and value.startswith("$"):
            value = known.get(value[1:])
        if value is not None:
            setattr(made, attribute, str_or(kind, value))
    return made


def str_or(kind, value):
    if kind is not str or isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) else json.dumps(value)


def example(kind, number=0):
    if kind in (str, int, float, bool):
        return {str: f"a{number}", int: 1 + number, float: 0.5, bool: number % 2 == 0}[kind]
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is list:
        return [example(inner[0], number)]
    if origin is dict:
        return {"a": example(inner[1], number) if inner[1] is not typing.Any else "a"}
    made = kind()
    for attribute, hint in hints_of(kind).items():
        setattr(made, attribute, example(hint, number))
    return made


def leaves(value, path=()):
    """Every number and string in a response with its path, without the indices of lists."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from leaves(inner, path + (name,))
    elif isinstance(value, list) and value:
        for inner in value:
            yield from leaves(inner, path + ("[]",))
    else:
        yield path, value


def decoded(sent, body, body_class):
    """Compares the response that the package decoded with the response that was sent.

    Returns the number of equal fields, the paths in the package's model, those of them that were
    sent, the sent ones that are not in the model, and the errors.
    """
    known = {path: type(value) for path, value in leaves(example(body_class).to_map())}
    strings = [path for path, kind in known.items() if kind is str]
    same, sent_paths, unknown, errors, decoded_values = 0, set(), [], [], {}
    for path, value in leaves(body.to_map() if body else {}):
        decoded_values.setdefault(path, []).append(value)
    for path, value in leaves(sent):
        kind, name = known.get(path), ".".join(path)
        has_members = any(other[: len(path)] == path != other for other in known)
        if value in ({}, []) and has_members:
            continue
        if kind is None and any(path[: len(other)] == other for other in strings):
            errors.append(f"{name} is inside a string of the package's model")
        elif kind is None and value is not None and has_members:
            errors.append(f"{name} is {type(value).__name__}, not an object or a list")
        elif kind is None or value is None:
            unknown.append(name)
        elif type(value) is not kind and not (kind is float and type(value) is int):
            errors.append(f"{name} is {type(value).__name__}, not {kind.__name__}")
        elif value not in decoded_values.get(path, []):
            errors.append(f"{name} was not decoded")
        else:
            decoded_values[path].remove(value)
            sent_paths.add(path)
            same += 1
    return same, set(known), sent_paths, unknown, errors
