"""Code that can tell a value from its like: by ``is``, as it names an index, or asks for a base or a size."""

import ast

_OF_INDEX = frozenset({"rename", "set_names", "rename_axis"})
_SIZES = frozenset({"getsizeof", "getrefcount", "asizeof", "__sizeof__"})
_NAMES = frozenset({"name", "names"})
# By these an index comes out of a frame; all others give values, or frames.
_INDEXES = frozenset({"index", "columns", "axes", "keys", "levels", "is_", "_mgr", "get_level_values"})
_ANYTHING = frozenset({"getattr", "attrgetter", "methodcaller", "vars", "eval", "exec", "getmembers", "gc"})


def asks_for_identity(tree: ast.AST) -> bool:
    """Whether any place in ``tree`` may tell two objects from one."""
    return any(_asks(node) for node in ast.walk(tree))


def takes_an_index(tree: ast.AST) -> bool:
    """Whether any place in ``tree`` may take an index out of a frame, to hold it against another."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            if node.attr in _INDEXES or node.attr in _ANYTHING or node.attr[:2] == "__":
                return True
        elif isinstance(node, ast.Name) and node.id in _ANYTHING:
            return True
        elif isinstance(node, (ast.MatchClass, ast.ImportFrom)):
            if not _INDEXES.isdisjoint(getattr(node, "kwd_attrs", ())) or _takes_by_name(node):
                return True
    return False


def _takes_by_name(node: ast.MatchClass | ast.ImportFrom) -> bool:
    return isinstance(node, ast.ImportFrom) and any(one.name in _ANYTHING for one in node.names)


def names_an_index(tree: ast.AST) -> bool:
    """Whether any place in ``tree`` may give an index another name, which all see that have it."""
    return any(_names(node) for node in ast.walk(tree))


def asks_for_base(tree: ast.AST) -> bool:
    """Whether any place in ``tree`` may ask an array for its base; ``sklearn.base.clone`` does not."""
    within = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return any(_is_base(node) and id(node) not in within for node in ast.walk(tree))


def asks_for_size(tree: ast.AST) -> bool:
    """Whether any place in ``tree`` may ask how much memory an object takes, or who refers to it."""
    names = {getattr(node, "attr", "") or getattr(node, "id", "") for node in ast.walk(tree)}
    return not _SIZES.isdisjoint(names)


def asks_for_calls(tree: ast.AST) -> bool:
    """Whether any place in ``tree`` may ask a function how often its cache was of use."""
    for node in ast.walk(tree):
        if "cache_info" in (getattr(node, "attr", ""), getattr(node, "value", "")):
            return True
    return False


def asks_for_memory(tree: ast.AST) -> bool:
    """Whether any place in ``tree`` may ask a frame how much memory it takes."""
    return asks_for_size(tree) or any(
        (isinstance(node, ast.Attribute) and node.attr == "memory_usage") or _is_info(node)
        for node in ast.walk(tree)
    )


def _is_info(node: ast.AST) -> bool:
    """``frame.info()``; that of a logger is given a text."""
    return isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "info" and not node.args


def _is_base(node: ast.AST) -> bool:
    if not isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Load):
        return False
    return node.attr == "base" and getattr(node.value, "id", "") not in ("self", "cls")


def _asks(node: ast.AST) -> bool:
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        by_identity = any(isinstance(op, (ast.Is, ast.IsNot)) for op in node.ops)
        return by_identity and not any(_is_everybodys(side) for side in sides)
    if not isinstance(node, ast.Call):
        return False
    return getattr(node.func, "id", "") == "id" or getattr(node.func, "attr", "") == "is_"


def _names(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        own = getattr(node.value, "id", "") in ("self", "cls")
        return node.attr in _NAMES and isinstance(node.ctx, ast.Store) and not own
    if not isinstance(node, ast.Call):
        return False
    in_place = any(keyword.arg == "inplace" for keyword in node.keywords)
    name = node.args[1] if len(node.args) > 1 else None
    sets = getattr(node.func, "id", "") == "setattr" and getattr(name, "value", "") in _NAMES
    return sets or (in_place and getattr(node.func, "attr", "") in _OF_INDEX)


def _is_everybodys(node: ast.expr) -> bool:
    """``None`` and its like, and classes: there is one of each."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "type"
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Attribute) and node.attr == "__class__")
