"""deploy/: structure of the compose file, hardening of the units, and that both say the same."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from dti_assets.study.run_storage import settings_text

SERVICES = ("code", "daemon", "web")


@pytest.fixture
def deploy(root: Path) -> Path:
    return root / "deploy"


@pytest.fixture
def compose(deploy: Path) -> dict[str, Any]:
    return dict(yaml.safe_load((deploy / "compose/compose.yaml").read_text(encoding="utf-8")))


def test_the_settings_are_those_dti_writes(deploy: Path) -> None:
    shipped = yaml.safe_load((deploy / "dagster.yaml").read_text(encoding="utf-8"))
    assert shipped == yaml.safe_load(settings_text("postgres"))


def test_compose_publishes_the_web_server_on_loopback_and_nothing_else(
    compose: dict[str, Any],
) -> None:
    services = compose["services"]
    assert set(services) == {"database", "init", *SERVICES}
    published = {name: s["ports"] for name, s in services.items() if "ports" in s}
    assert published == {"web": ["127.0.0.1:3000:3000"]}
    assert compose["networks"]["inside"] == {"internal": True}
    for name, service in services.items():
        assert "inside" in service["networks"] and not service.get("privileged"), name
        assert "network_mode" not in service, name
        # plain names, which the engine's own settings resolve
        assert re.fullmatch(r"[a-z0-9-]+(:[0-9]+)?", service["image"]), name


def test_compose_services_are_confined_and_start_in_order(
    compose: dict[str, Any], deploy: Path
) -> None:
    services = compose["services"]
    for name in SERVICES:
        service = services[name]
        assert service["restart"] == "unless-stopped" and service["read_only"], name
        assert service["cap_drop"] == ["ALL"] and service["user"] == "1000:1000", name
        for waited_for, condition in service["depends_on"].items():
            assert waited_for in services
            if condition["condition"] == "service_healthy":
                assert "healthcheck" in services[waited_for]
    assert services["init"]["depends_on"]["database"]["condition"] == "service_healthy"
    volumes = [volume for name in SERVICES for volume in services[name]["volumes"]]
    mounted = {v.split(":")[-2 if v.endswith(":ro") else -1] for v in volumes}
    assert mounted == {"/study", "/opt/dti/workspace.yaml"}
    build = services["init"]["build"]
    context = (deploy / "compose" / build["context"]).resolve()
    dockerfile = (context / build["dockerfile"]).read_text(encoding="utf-8")
    assert "\nUSER dti\n" in dockerfile
    for line in re.findall(r"(?m)^COPY (.+) \S+$", dockerfile):
        assert all((context / name).exists() for name in line.split())


def commands(deploy: Path) -> dict[str, list[str]]:
    found = {}
    for name in SERVICES:
        text = (deploy / f"systemd/dti-{name}.service").read_text(encoding="utf-8")
        line = next(line for line in text.splitlines() if line.startswith("ExecStart="))
        found[name] = line.removeprefix("ExecStart=/opt/dti/.venv/bin/").split()
    return found


def test_units_and_compose_start_the_same_processes(deploy: Path, compose: dict[str, Any]) -> None:
    for name, command in commands(deploy).items():
        in_compose = [str(word) for word in compose["services"][name]["command"]]
        # in a container the loopback address would be the container's own
        differ = {(a, b) for a, b in zip(command, in_compose, strict=True) if a != b}
        assert differ <= {
            ("127.0.0.1", "0.0.0.0"),
            ("/etc/dti/workspace.yaml", "/opt/dti/workspace.yaml"),
        }, name
    for path, host in (("workspace.yaml", "127.0.0.1"), ("compose/workspace.yaml", "code")):
        server = yaml.safe_load((deploy / path).read_text())["load_from"][0]["grpc_server"]
        assert server == {"host": host, "port": 4266, "location_name": "dti_assets"}


@pytest.mark.parametrize("name", SERVICES)
def test_units_run_as_an_ordinary_user_and_start_again(deploy: Path, name: str) -> None:
    lines = (deploy / f"systemd/dti-{name}.service").read_text(encoding="utf-8").splitlines()
    for line in (
        "User=dti", "Restart=always", "NoNewPrivileges=yes", "ProtectSystem=strict",
        "ProtectHome=yes", "PrivateTmp=yes", "CapabilityBoundingSet=",
    ):  # fmt: skip
        assert line in lines
    text = "\n".join(lines)
    assert "0.0.0.0" not in text and "PASSWORD" not in text


def test_systemd_finds_no_fault_with_the_units(deploy: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    for unit in (deploy / "systemd").glob("*.service"):
        text = re.sub(r"/opt/dti/\.venv/bin/\S+", "/bin/true", unit.read_text(encoding="utf-8"))
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    units = sorted(map(str, tmp_path.glob("*.service")))
    assert len(units) == 3
    done = subprocess.run(
        ["systemd-analyze", "verify", *units], capture_output=True, text=True, timeout=50
    )
    assert (done.returncode, done.stderr) == (0, "")
