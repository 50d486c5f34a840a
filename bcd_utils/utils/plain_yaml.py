"""YAML as its readers take it: the core schema of YAML 1.2, and nothing that hides, repeats or multiplies values."""

from __future__ import annotations

import re
from typing import Any

import yaml

DEEPEST = 20  # levels; a study has five


class _Loader(yaml.SafeLoader):
    """A SafeLoader for which yes, no, on and off are text, and so are 1:30 and dates; 010 is refused, not 8."""

    yaml_implicit_resolvers: dict[str, Any] = {}
    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            raise _refused(f"*{event.anchor} stands for a value that is written elsewhere", event)
        self.depth += 1
        if self.depth > DEEPEST:
            raise _refused(f"more than {DEEPEST} levels", event)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for place, (key, _) in enumerate(node.value):
            if isinstance(key, yaml.ScalarNode) and key.value in keys[:place]:
                raise _refused(f"'{key.value}' is given twice", key)
        return super().construct_mapping(node, deep)

    def construct_number(self, node: Any) -> int | float:
        text = node.value
        if re.match(r"[-+]?0[0-9]", text):
            raise _refused(f"{text} begins with 0: write a name in quotes, a number without it", node)
        if len(text) > 40:
            raise _refused(f"{text[:10]}... has {len(text)} digits", node)
        return float(text) if re.search(r"[.eE]", text) else int(text)


class _Texts(_Loader):
    """Takes every value as the text that it is written as."""

    yaml_implicit_resolvers: dict[str, Any] = {}


_CORE = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "number": (r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
}


class _Dumper(yaml.SafeDumper):
    """Puts text in quotes that the loader would take for something else, and writes each value where it stands."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


for _name, (_pattern, _first) in _CORE.items():
    for _way in (_Loader, _Dumper):
        _way.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(f"^(?:{_pattern})$"), _first)
_Loader.add_constructor("tag:yaml.org,2002:number", _Loader.construct_number)


def parse_yaml(text: str, texts_only: bool = False) -> Any:
    """The plain values that a text holds.

    Parameters
    ----------
    text : str
    texts_only : bool
        Whether numbers stay as they are written, as text.

    Raises
    ------
    ValueError
        If it is no YAML, gives a key twice, refers from one place to another, or is nested without need; one line.

    Examples
    --------
    >>> parse_yaml("{rate: 1e-5, classes: [no, yes], from: 1:30, stratify: true}")
    {'rate': 1e-05, 'classes': ['no', 'yes'], 'from': '1:30', 'stratify': True}
    >>> parse_yaml("accuracy: 0.840", texts_only=True)
    {'accuracy': '0.840'}
    >>> parse_yaml("{epochs: 1, epochs: 2}")
    Traceback (most recent call last):
    ...
    ValueError: line 1: 'epochs' is given twice
    """
    try:
        return yaml.load(text, _Texts if texts_only else _Loader)  # noqa: S506 - both are SafeLoaders
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}: " if mark else ""
        raise ValueError(f"{place}{error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise ValueError(str(error).splitlines()[0]) from None


def write_yaml(values: Any, **layout: Any) -> str:
    """Plain values as text that `parse_yaml` reads as they were, keys in order; ``layout`` as `yaml.dump` takes it.

    Examples
    --------
    >>> print(write_yaml({"classes": ["no", "1e3", "08"], "rate": 1e-05}), end="")
    classes:
    - 'no'
    - '1e3'
    - '08'
    rate: 1.0e-05
    """
    text: str = yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, **layout)
    return text


def _refused(problem: str, place: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=place.start_mark)
