"""What `pytest_plugins` loads is there for every test: a name of a shared fixture stands for one thing alone."""

import ast
from collections import Counter

from house import ROOT


def test_no_two_shared_fixtures_have_the_same_name() -> None:
    names = Counter(
        node.name
        for path in sorted((ROOT / "tests").glob("conftest*.py"))
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef)
        and any("fixture" in ast.unparse(each) for each in node.decorator_list)
    )
    assert len(names) > 10, "the fixtures are no longer found"
    assert not [name for name, count in names.items() if count > 1]
