"""No private, loopback or link-local address is ever contacted, however it is spelled."""

import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dti_assets.errors import AddressError, FetchError
from dti_assets.sources.fetch import Fetcher, Pacer
from dti_assets.sources.guard import AddressPolicy, is_public, parse_exempt, parse_target

PUBLIC = ("93.184.216.34", "1.1.1.1", "203.0.112.255", "2606:4700::1111", "240e:1:2::3")
NOT_PUBLIC = (
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1",
    "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.255.255",
    "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "192.88.99.1",
    "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "fe80::1", "fec0::1",
    "fc00::1", "fd12::1", "ff02::1", "ff0e::1", "64:ff9b::7f00:1", "64:ff9b::808:808",
    "64:ff9b:1::1", "2002:7f00:1::", "2002:808:808::1", "2001::1", "2001:0:808:808::1",
    "2001:db8::1", "3fff::1", "100::1", "5f00::1", "2400:1::5efe:7f00:1", "2400:1::200:5efe:a00:1",
    "4000::1",
)  # fmt: skip
REFUSED = {
    "file:///etc/passwd": "no http or https",
    "ftp://a.example/x": "no http or https",
    "gopher://a.example/": "no http or https",
    "data:text/html,x": "no http or https",
    "//a.example/x": "no http or https",
    "http://": "no address",
    "http://user@a.example/": "user name",
    "http://user:word@127.0.0.1/": "user name",
    "http://a.example@127.0.0.1/": "user name",
    "http://a.example:80@127.0.0.1/": "user name",
    "http://@127.0.0.1/": "user name",
    "http://a.example\\@127.0.0.1/": "backslash",
    "http://a.example /": "white space",
    "http://a.example/\r\nHost: b": "white space",
    "http://2130706433/": "number",
    "http://0x7f000001/": "number",
    "http://0x7f.1/": "number",
    "http://017700000001/": "number",
    "http://0177.0.0.1/": "number",
    "http://127.1/": "number",
    "http://127.0.0.1.5/": "number",
    "http://１２７.１/": "no address",
    "http://[fe80::1%25eth0]/": "zone",
    "http://a.example:22/": "port 22",
    "http://a.example:25/": "port 25",
    "http://a.example:99999/": "no address",
    "http://a..example/": "no ",
    "http://127.0.0.1%2fa.example/": "no ",
}


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_others_are_not(address: str) -> None:
    assert not is_public(address)


@given(st.ip_addresses(v=4))
def test_no_ipv6_form_carries_an_ipv4_address_past_the_judge(ip: ipaddress.IPv4Address) -> None:
    number = int(ip)
    for base in ("::", "::ffff:0:0", "::ffff:0:0:0", "64:ff9b::", "64:ff9b:1::"):
        assert not is_public(str(ipaddress.IPv6Address(int(ipaddress.IPv6Address(base)) + number)))
    assert not is_public(str(ipaddress.IPv6Address((0x2002 << 112) + (number << 80))))
    assert not is_public(str(ipaddress.IPv6Address((0x20010000 << 96) + (number ^ 0xFFFFFFFF))))
    # never laxer than the standard library
    assert ip.is_global or not is_public(str(ip))


@given(st.ip_addresses(v=6))
def test_never_laxer_than_the_standard_library(ip: ipaddress.IPv6Address) -> None:
    assert ip.is_global or not is_public(str(ip))


@pytest.mark.parametrize("url", REFUSED)
def test_addresses_refused_by_their_form(url: str) -> None:
    with pytest.raises(AddressError, match=REFUSED[url]):
        parse_target(url)


def test_addresses_are_judged_in_the_form_they_are_sent() -> None:
    assert parse_target("HTTPS://WWW.A.Example/b c".replace(" ", "%20")).host == "www.a.example"
    assert parse_target("http://浙江.example/报告").host == "xn--9swtu.example"
    assert parse_target("http://a.example:8080/").origin == "http://a.example:8080"
    assert parse_target("https://a.example").port == 443
    assert parse_target("http://[2606:4700::1111]/").host == "2606:4700::1111"


@given(st.text(alphabet="[]@:/?#%.0x12afe-_ 浙。\\\t\x00", max_size=24))
def test_any_text_is_an_address_or_refused_in_a_sentence(text: str) -> None:
    try:
        target = parse_target(f"http://{text}")
    except AddressError:
        return
    assert target.host and 0 < target.port < 65536 and "@" not in target.origin
    # what is sent reads the same a second time, by whatever parser
    assert urlsplit(target.url).hostname == target.host == parse_target(target.url).host


def _answers(*addresses: str) -> Any:
    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        families = {4: socket.AF_INET, 6: socket.AF_INET6}
        found = []
        for address in addresses:
            version = ipaddress.ip_address(address.partition("%")[0]).version
            where = (address, port) if version == 4 else (address, port, 0, 0)
            found.append((families[version], socket.SOCK_STREAM, 6, "", where))
        return found

    return resolve


@pytest.mark.parametrize(
    "answer", [[a] for a in NOT_PUBLIC] + [["93.184.216.34", "10.0.0.1"], ["fe80::1%1"]]
)
def test_no_answer_of_a_name_server_leads_inside(answer: list[str], contacted: list[Any]) -> None:
    fetcher = Fetcher(AddressPolicy(resolve=_answers(*answer)), Pacer(sleep=lambda _: None))
    with pytest.raises(FetchError, match="no public address"):
        fetcher.get("http://reports.example/1")
    assert contacted == []


@pytest.mark.parametrize("host", [*NOT_PUBLIC, "localhost"])
def test_no_address_or_local_name_in_a_url_leads_inside(host: str, contacted: list[Any]) -> None:
    fetcher = Fetcher(AddressPolicy(), Pacer(sleep=lambda _: None))
    for scheme in ("http", "https"):
        with pytest.raises(FetchError, match=r"no public address|does not|failed"):
            fetcher.get(f"{scheme}://{f'[{host}]' if ':' in host else host}/")
    assert contacted == []


def test_the_address_judged_is_the_address_contacted(contacted: list[Any]) -> None:
    """DNS rebinding: whatever the name answers later, each answer is judged before it is used."""
    answers = [["93.184.216.34"], ["127.0.0.1"], ["93.184.216.34"], ["169.254.169.254"]]
    asked = []

    def resolve(host: str, port: int, **options: Any) -> Any:
        asked.append(host)
        return _answers(*answers[(len(asked) - 1) % len(answers)])(host, port)

    for _ in range(4):
        fetcher = Fetcher(AddressPolicy(resolve=resolve), Pacer(sleep=lambda _: None))
        with pytest.raises(FetchError):
            fetcher.get("http://rebinding.example/")
    assert contacted and {address[0] for address in contacted} == {"93.184.216.34"}
    assert len(contacted) <= len(asked)


def test_nothing_but_loopback_can_be_exempt() -> None:
    assert parse_exempt(["127.0.0.1:80", "[::1]:81"]) == {("127.0.0.1", 80), ("::1", 81)}
    for wrong in ("localhost:80", "127.0.0.1", "[::1]", "x"):
        with pytest.raises(AddressError):
            parse_exempt([wrong])
    with pytest.raises(AddressError, match="nothing else can be exempt"):
        AddressPolicy(parse_exempt(["10.0.0.1:80"]))
