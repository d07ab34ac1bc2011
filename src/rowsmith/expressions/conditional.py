"""Case and When: the result of the first condition that holds."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from rowsmith.expressions.agreement import alike, common_type, disagreement
from rowsmith.expressions.base import Expression, Resolved, Scope
from rowsmith.expressions.combinable import Shaped
from rowsmith.expressions.names import F
from rowsmith.expressions.q import Q
from rowsmith.expressions.singles import single
from rowsmith.expressions.values import Value, as_condition_or_expression
from rowsmith.records import replace
from rowsmith.sql import expressions as sql
from rowsmith.sql import types
from rowsmith.sql.predicates import ALWAYS, NEVER


class When(Expression):
    """One branch of a Case: a condition, and what the Case is worth where it holds."""

    transparent = True
    constructor = {"then": "result"}
    known_state = frozenset({"condition", "result", "output_field"})

    def __init__(self, condition: Any = None, then: Any = None, **lookups: Any) -> None:
        if lookups:
            if condition is None:
                condition = Q(**lookups)
            elif getattr(condition, "conditional", False):
                condition = Q(condition, **lookups)
        plain = isinstance(condition, Value) and not isinstance(condition.value, bool)
        if not isinstance(condition, Shaped) or plain:
            raise TypeError("When() takes a Q, a boolean expression or lookups as its condition.")
        if isinstance(condition, Q) and not condition:
            raise ValueError("An empty Q() cannot be the condition of a When(); it would hold for every row.")
        self.condition = condition
        self.result = F(then) if isinstance(then, str) else as_condition_or_expression(then)

    def get_source_expressions(self) -> list[Any]:
        return [self.condition, self.result]

    def set_source_expressions(self, expressions: Sequence[Any]) -> None:
        self.condition, self.result = expressions

    def __repr__(self) -> str:
        return f"When({self.condition!r}, then={self.result!r})"

    def fingerprint(self, values: list[Any]) -> Hashable:
        return (When, self.condition.fingerprint(values), self.result.fingerprint(values))


class Case(Expression):
    """The result of the first When whose condition holds, else `default`, else NULL."""

    constructor = {"cases": "cases"}
    known_state = frozenset({"cases", "default", "output_field"})

    def __init__(self, *cases: When, default: Any = None, output_field: Any = None) -> None:
        for case in cases:
            if not isinstance(case, When):
                raise TypeError(f"Case() takes When objects, not {case!r}.")
        self.cases = cases
        self.default = F(default) if isinstance(default, str) else as_condition_or_expression(default)
        self.output_field = output_field

    def get_source_expressions(self) -> list[Any]:
        return [*self.cases, self.default]

    def set_source_expressions(self, expressions: Sequence[Any]) -> None:
        *cases, self.default = expressions
        self.cases = tuple(cases)

    def __repr__(self) -> str:
        return f"Case({', '.join(map(repr, self.cases))}, default={self.default!r})"

    def fingerprint(self, values: list[Any]) -> Hashable:
        keys = tuple(case.fingerprint(values) for case in self.cases)
        return (Case, keys, self.default.fingerprint(values), self._field_key())

    def resolve(self, scope: Scope) -> Resolved:
        branches: list[sql.When] = []
        results: list[Resolved] = []
        last: Resolved | None = None
        for case in self.cases:
            condition = case.condition if isinstance(case.condition, Q) else Q(case.condition)
            predicate, result = scope.condition(condition), case.result.resolve(scope)
            single(result.node, self)
            results.append(result)
            # A condition that can never hold has no branch, and none has one behind the first that always does.
            if last is None and predicate == ALWAYS:
                last = result
            elif last is None and predicate != NEVER:
                branches.append(sql.When(predicate, result.node))
        default = self.default.resolve(scope)
        results.append(default)
        last = last or default
        given = [result.node for result in results]
        nodes = alike(given)
        if nodes != tuple(given):
            forms = dict(zip(map(id, given), nodes, strict=True))
            branches = [sql.When(branch.condition, forms[id(branch.result)]) for branch in branches]
            last = Resolved(forms[id(last.node)], last.field)
        type_ = scope.type_of(self.output_field) if self.output_field else common_type(nodes)
        node: sql.Expression = last.node
        if branches:
            node = sql.Case(tuple(branches), last.node, type=type_ or types.Unknown())
        elif isinstance(node, sql.Typed) and type_ is not None:
            node = replace(node, type=type_)
        if type_ is None:
            return Resolved(node, disagreement(nodes))
        inferred = next((result.field for result in results if result.node.type == type_), None)
        return Resolved(node, self.output_field or inferred or scope.field_for(type_))
