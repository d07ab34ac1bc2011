"""Modules: the stub of a module with models, made of its source and of what is known of the models."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rowsmith.cli.stubs.imports import ALWAYS, Imports
from rowsmith.cli.stubs.models import ModelStub
from rowsmith.metadata.registry import apps

HEADER = """\
# Written by `rowsmith types`; do not edit. Checkers read it instead of the module beside it.
# mypy: ignore-errors
# pyright: basic, reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false
# pyright: reportPrivateUsage=false, reportOverlappingOverload=false, reportAssignmentType=false
# pyright: reportInvalidTypeForm=false, reportUnusedImport=false
# ty: ignore
"""


def model_modules(wanted: Iterable[str]) -> dict[str, list[Any]]:
    """The modules at or below those with these names that define models, and their models."""
    found: dict[str, list[Any]] = {}
    names = tuple(wanted)
    for model in apps.get_models():
        module = model.__module__
        below = any(module == name or module.startswith(f"{name}.") for name in names)
        if below and "." not in model.__qualname__ and not model._meta.auto_created:
            found.setdefault(module, []).append(model)
    return found


def source_of(module: str) -> Path:
    """The file that a module was loaded from."""
    return Path(str(sys.modules[module].__file__))


def stub_of(module: str, models: Iterable[Any], covered: frozenset[str], hops: int) -> str:
    """The stub of one module.

    covered:  all modules that have such stubs.
    hops:     how many relations away names are known.
    """
    imports = Imports(module, covered)
    stubs = {model.__qualname__: ModelStub(model, imports, hops) for model in models}
    body = [line for node in ast.parse(source_of(module).read_text()).body for line in _statement(node, stubs)]
    beside = [line for stub in stubs.values() for line in ("", *stub.beside())]
    return "\n".join([HEADER + ALWAYS, *imports.lines(), "", *body, *beside]) + "\n"


def _statement(node: ast.stmt, stubs: dict[str, ModelStub]) -> Iterator[str]:
    """A statement of the module as its stub has it; nothing of what tells no types."""
    match node:
        case ast.Import() | ast.Assign() | ast.AnnAssign():
            yield ast.unparse(node)
        case ast.ImportFrom():
            if node.module != "__future__":
                yield ast.unparse(node)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from _function(node)
        case ast.ClassDef():
            yield from _class(node, stubs)
        case ast.If() | ast.Try():
            yield from _block(node, stubs)
        case _ if type(node).__name__ == "TypeAlias":  # Python 3.12's `type X = ...`
            yield ast.unparse(node)


def _block(node: ast.If | ast.Try, stubs: dict[str, ModelStub]) -> Iterator[str]:
    """A branch, such as of `if TYPE_CHECKING`; of a try, what holds when nothing fails."""
    if isinstance(node, ast.Try):
        for inner in (*node.body, *node.orelse):
            yield from _statement(inner, stubs)
        return
    yield f"if {ast.unparse(node.test)}:"
    yield from _indented([line for inner in node.body for line in _statement(inner, stubs)])
    if node.orelse:
        yield "else:"
        yield from _indented([line for inner in node.orelse for line in _statement(inner, stubs)])


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines] or ["    pass"]


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for decorator in node.decorator_list:
        yield f"@{ast.unparse(decorator)}"
    kind = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    told = f" -> {ast.unparse(node.returns)}" if node.returns is not None else ""
    if node.returns is None and node.name == "__init__":
        told = " -> None"
    elif node.returns is None and node.name == "__str__":
        told = " -> str"
    yield f"{kind} {node.name}({ast.unparse(node.args)}){told}: ..."


def _class(node: ast.ClassDef, stubs: dict[str, ModelStub]) -> Iterator[str]:
    stub = stubs.get(node.name)
    for decorator in node.decorator_list:
        yield f"@{ast.unparse(decorator)}"
    # A base that is made by a call tells checkers nothing.
    bases = [ast.unparse(base) if not isinstance(base, ast.Call) else "_models.Manager[Any]" for base in node.bases]
    bases += [f"{keyword.arg}={ast.unparse(keyword.value)}" for keyword in node.keywords]
    yield f"class {node.name}({', '.join(bases)}):" if bases else f"class {node.name}:"
    replaced = _replaced(stub)
    lines: list[str] = []
    for inner in node.body:
        if _assigned_name(inner) in replaced:
            continue
        if isinstance(inner, ast.ClassDef) and inner.name == "Meta":
            continue
        lines += _statement(inner, {})
    lines += _instance_attributes(node)
    if stub is not None:
        defined = frozenset(inner.name for inner in node.body if isinstance(inner, ast.FunctionDef))
        lines += stub.inside(defined)
    yield from _indented(lines)


def _replaced(stub: ModelStub | None) -> frozenset[str]:
    """The names in a model's body that its stub declares anew."""
    if stub is None:
        return frozenset()
    meta = stub.meta
    relations = [field.name for field in meta.local_fields if field.is_relation]
    declared = [rel.get_accessor_name() for rel in meta.all_reverse if not rel.hidden]
    columns = [field.attname for field in meta.local_fields if field.is_relation]
    columns += [field.name for field in meta.local_fields if field.generated or field.name == "pk"]
    return frozenset(
        [*relations, *columns, *(field.name for field in meta.local_many_to_many),
         *(manager.name for manager in meta.managers), *filter(None, declared)]
    )  # fmt: skip


def _assigned_name(node: ast.stmt) -> str | None:
    match node:
        case ast.Assign(targets=[ast.Name(name)]) | ast.AnnAssign(target=ast.Name(name)):
            return name
    return None


def _instance_attributes(node: ast.ClassDef) -> Iterator[str]:
    """What methods store on `self` and the class body does not name."""
    known = {_assigned_name(inner) for inner in node.body} | {
        inner.name for inner in node.body if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    for method in node.body:
        if not isinstance(method, ast.FunctionDef):
            continue
        for inner in ast.walk(method):
            match inner:
                case ast.AnnAssign(target=ast.Attribute(ast.Name("self"), name), annotation=annotation):
                    if name not in known:
                        known.add(name)
                        yield f"{name}: {ast.unparse(annotation)}"
                case ast.Assign(targets=[ast.Attribute(ast.Name("self"), name)]):
                    if name not in known and not node.bases:
                        known.add(name)
                        yield f"{name}: Any"
