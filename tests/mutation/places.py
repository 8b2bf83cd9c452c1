"""Where in a file of source a change is a change of what it computes, and which lines tell the tests that see it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Any

Position = tuple[int, int]  # line from 1, column from 0
MESSAGES = {"warn", "warning", "info", "debug"}  # calls whose arguments are texts for people
Block = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def tree(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def passed_over(path: Path) -> list[tuple[Position, Position]]:
    """Return the spans of a file that are messages, representations, type annotations, and seeds of draws."""
    found: list[Any] = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.JoinedStr | ast.Raise):
            found.append(node)
        elif isinstance(node, Function):
            found += [argument.annotation for argument in ast.walk(node.args) if isinstance(argument, ast.arg)]
            found += [node.returns, *(decorator for decorator in node.decorator_list if _name(decorator) == "overload")]
            if node.name in ("__repr__", "__str__") or node.name.startswith("_repr_"):
                found.append(node)
        elif isinstance(node, ast.AnnAssign):
            found.append(node.annotation)
        elif _is_told(node):
            found.append(node)
        elif isinstance(node, ast.Call) and _name(node.func) in ("cast", "TypeVar"):
            found.append(node.args[0])
        elif isinstance(node, ast.Call) and _name(node.func) == "default_rng":
            found += node.args  # any seed will do
    return [((node.lineno, node.col_offset), _end(node)) for node in found if node is not None]


def _is_told(node: ast.AST) -> bool:
    """Return whether a node is for a type checker, or calls what tells people something."""
    if isinstance(node, ast.If):
        return _name(node.test) == "TYPE_CHECKING"
    return isinstance(node, ast.Call) and _name(node.func) in MESSAGES


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _end(node: ast.stmt | ast.expr) -> Position:
    return (node.end_lineno or node.lineno, node.end_col_offset or 0)


def counts(path: Path, position: Position) -> bool:
    """Return whether a change at this position can change what is computed."""
    return not any(start <= position < end for start, end in passed_over(path))


@cache
def operators(path: Path) -> list[tuple[Position, Position]]:
    """Return the spans between two operands: a star elsewhere marks arguments, and is no multiplication."""
    operations = [node for node in ast.walk(tree(path)) if isinstance(node, ast.BinOp)]
    return [(_end(node.left), (node.right.lineno, node.right.col_offset)) for node in operations]


def joins(path: Path, position: Position) -> bool:
    """Return whether the operator at this position joins two operands."""
    return any(start <= position < end for start, end in operators(path))


def name(path: Path, line: int) -> str:
    """Return the qualified name of the class or function around a line; empty at the top of the file."""
    return ".".join(block.name for block in _around(path, line)[1:] if not isinstance(block, ast.Module))


def lines(path: Path, line: int) -> list[range]:
    """Return the lines whose tests see a change in this line: of its statement, and of ever larger blocks around it.

    A class's or a module's own statements run when they are imported, so every test of the class or module sees them.
    """
    around = _around(path, line)
    spans = [range(block.lineno, (block.end_lineno or line) + 1) for block in around[:0:-1] if hasattr(block, "lineno")]
    spans.append(range(1, len(path.read_text(encoding="utf-8").splitlines()) + 1))
    block = around[-1]
    if isinstance(block, Function) and line >= block.body[0].lineno:
        spans.insert(0, _statement(block, line))
    return spans


def _around(path: Path, line: int) -> list[Block]:
    """Return the module, classes and functions around a line, from the outermost."""
    found: list[Block] = [tree(path)]
    while True:
        for node in _blocks(found[-1]):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            if first <= line <= (node.end_lineno or first):
                found.append(node)
                break
        else:
            return found


def _blocks(block: ast.AST) -> list[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return the classes and functions directly in a block, also those below an `if` or a `with`."""
    found = []
    for node in ast.iter_child_nodes(block):
        if isinstance(node, ast.ClassDef | Function):
            found.append(node)
        elif isinstance(node, ast.stmt | ast.excepthandler):
            found += _blocks(node)
    return found


def _statement(block: Block, line: int) -> range:
    """Return the lines of the smallest statement around a line; of one with a body, those of its head."""
    best = range(block.lineno, (block.end_lineno or line) + 1)
    for node in ast.walk(block):
        if isinstance(node, ast.stmt) and node is not block:
            body = getattr(node, "body", None) or getattr(node, "cases", None)
            first = getattr(body[0], "lineno", node.lineno + 1) if body else 0
            end = max(first - 1, node.lineno) if body else node.end_lineno
            span = range(node.lineno, (end or line) + 1)
            if line in span and len(span) < len(best):
                best = span
    return best
