"""The web server serves the location in workspace.yaml with its assets, groups and lineage."""

import json
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ui_server import serving


@pytest.fixture(scope="module")
def server(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A bare dagster-webserver started where workspace.yaml lies, as `make ui` leads to."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("workspace.yaml", "study.yaml"):
        shutil.copy(root / name, folder)
    home = folder / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with serving(
        folder,
        *("-m", "dagster_webserver", "--host", "127.0.0.1"),
        DAGSTER_HOME=str(home),
        DTI_STUDY=str(folder / "study.yaml"),
    ) as url:
        yield url


def ask(url: str, query: str) -> Any:
    request = urllib.request.Request(
        f"{url}/graphql",
        json.dumps({"query": query}).encode(),
        {"Content-Type": "application/json"},
    )
    answer = json.load(urllib.request.urlopen(request, timeout=30))
    assert "errors" not in answer, answer
    return answer["data"]


def test_the_location_loads_with_assets_groups_and_dependencies(server: str) -> None:
    workspace = ask(
        server,
        """{workspaceOrError{... on Workspace{locationEntries{name loadStatus
        locationOrLoadError{__typename ... on PythonError{message}}}}}}""",
    )["workspaceOrError"]["locationEntries"]
    assert [(entry["name"], entry["loadStatus"]) for entry in workspace] == [
        ("dti_assets", "LOADED")
    ]
    assert workspace[0]["locationOrLoadError"]["__typename"] == "RepositoryLocation", workspace
    nodes = ask(
        server,
        "{assetNodes{assetKey{path} groupName isPartitioned description dependencyKeys{path}}}",
    )["assetNodes"]
    found = {node["assetKey"]["path"][0]: node for node in nodes}
    groups = {name: node["groupName"] for name, node in found.items()}
    assert groups["report_files"] == groups["policy_attention"] == "reports"
    assert groups["dti_iv"] == groups["capital_distances"] == "instrument"
    for name in ("report_texts", "keyword_counts", "section_words", "policy_attention"):
        assert found[name]["isPartitioned"], name

    def upstream(name: str) -> set[str]:
        return {key["path"][0] for key in found[name]["dependencyKeys"]}

    assert upstream("dti_iv") == {"policy_attention", "capital_distances"}
    assert "report_texts" in upstream("keyword_counts")
    assert {"keyword_counts", "section_words"} <= upstream("policy_attention")
    assert "report_files" in upstream("report_texts")
    assert all(node["description"] for node in nodes)


def test_partitions_are_the_years_to_this_one(server: str) -> None:
    from datetime import date

    keys = ask(
        server,
        '{assetNodeOrError(assetKey:{path:["report_texts"]}){... on AssetNode{partitionKeys}}}',
    )["assetNodeOrError"]["partitionKeys"]
    assert keys[0] == "2009" and int(keys[-1]) in (date.today().year, date.today().year + 1)
