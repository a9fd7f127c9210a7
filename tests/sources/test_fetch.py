"""The fetcher against a server that misbehaves in every way a server can."""

import gzip
import os
import shutil
import socket
import ssl
import subprocess
import time
import zlib
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from web_server import Clock, Site, fetcher, file, redirect, say, serve

from dti_assets.errors import FetchError
from dti_assets.sources.fetch import Fetcher, Pacer, retry_after
from dti_assets.sources.guard import AddressPolicy


def reason(site: Site, url: str, clock: Clock | None = None, **limits: Any) -> str:
    with pytest.raises(FetchError) as caught:
        fetcher(site, clock, **limits).get(url)
    return str(caught.value)


def test_a_page_with_its_address_and_headers(site: Site) -> None:
    url = site.put("/a", redirect("/b", 301))
    site.put("/b", file(b"text"))
    page = fetcher(site).get(url)
    assert page.content == b"text" and page.url == site.url("/b") and page.redirects == (url,)
    assert page.headers["ETag"] and page.modified
    again = fetcher(site).get(url, {"If-None-Match": page.headers["ETag"]})
    assert not again.modified and again.content == b""
    headers = site.asked[-1][1]
    assert headers["User-Agent"].startswith("dti-assets/") and "Cookie" not in headers


def test_a_redirect_written_in_chinese_is_followed(site: Site) -> None:
    url = site.put("/a", redirect("/报告".encode().decode("latin-1")))
    site.put("/报告", say(200, b"x"))
    assert fetcher(site).get(url).url == site.url("/%E6%8A%A5%E5%91%8A")


def test_429_is_waited_for_as_long_as_the_host_says(site: Site) -> None:
    url = site.put("/r", say(429, Retry_After="17"), say(503), say(200, b"x"))
    clock = Clock()
    assert fetcher(site, clock).get(url).content == b"x"
    assert clock.slept == [17.0, 4.0]


def test_a_host_that_asks_for_longer_is_left_alone(site: Site) -> None:
    url = site.put("/r", say(429, Retry_After="86400"))
    other = site.put("/other", say(200, b"x"))
    clock = Clock()
    asking = fetcher(site, clock)
    with pytest.raises(FetchError, match="429 Too Many Requests; asks to be left alone for 86400"):
        asking.get(url)
    with pytest.raises(FetchError, match="asked to be left alone"):
        asking.get(other)
    assert clock.slept == [] and site.pages() == ["/r"]


def test_retry_after_as_a_date() -> None:
    now = 1_700_000_000.0
    assert retry_after("Tue, 14 Nov 2023 22:13:50 GMT", lambda: now) == 30.0
    assert retry_after("Tue, 14 Nov 2023 22:00:00 GMT", lambda: now) == 0.0
    assert retry_after("soon") is None and retry_after(None) is None


def test_500_then_200_and_500_for_ever(site: Site) -> None:
    clock = Clock()
    url = site.put("/r", say(500), say(200, b"x"))
    assert fetcher(site, clock).get(url).content == b"x" and clock.slept == [2.0]
    url = site.put("/s", say(502))
    assert reason(site, url, attempts=3) == "answers 502 Bad Gateway, 3 times"
    assert site.pages().count("/s") == 3


@pytest.mark.parametrize("status", [204, 400, 401, 403, 404, 410, 206, 412])
def test_other_answers_are_not_repeated(site: Site, status: int) -> None:
    assert reason(site, site.put("/r", say(status))).startswith(f"answers {status} ")
    assert site.pages() == ["/r"]


def test_one_request_each_two_seconds_a_host(site: Site) -> None:
    clock = Clock()
    # by name, as every host but a test's own address is asked
    policy = AddressPolicy(
        site.exempt, lambda host, port, **_: socket.getaddrinfo("127.0.0.1", port)
    )
    asking = Fetcher(policy, Pacer(clock=clock, sleep=clock.sleep))
    for path in ("/a", "/b"):
        site.put(path, say(200, b"x"))
        asking.get(f"http://one.example:{site.port}{path}")
    # robots.txt, /a, /b
    assert clock.slept == [2.0, 2.0]
    asking.get(f"http://two.example:{site.port}/a")
    assert clock.slept == [2.0, 2.0, 2.0]


DRIPS = 200


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Slow: ", b""])
def test_a_slow_drip_ends_at_the_time_limit(site: Site, start: bytes) -> None:
    drips = []

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(start)
        for _ in range(DRIPS):
            handler.wfile.write(b"H")
            handler.wfile.flush()
            drips.append(1)
            time.sleep(0.05)

    assert reason(site, site.put("/r", drip), seconds=0.5) == "took longer than 0.5 seconds"
    # it was left, not waited for
    assert len(drips) < DRIPS


def test_silence_ends_at_the_read_time_out(site: Site) -> None:
    url = site.put("/r", lambda handler: time.sleep(1))
    said = reason(site, url, read_seconds=0.2, attempts=2)
    assert "the connection failed" in said and said.endswith(", 2 times")


def test_bodies_beyond_the_size_limit(site: Site) -> None:
    big = b"x" * 300_000
    announced = reason(site, site.put("/a", say(200, big)), bytes=200_000)
    assert announced == "300,000 bytes announced, more than 200,000"
    silent = reason(site, site.put("/b", say(200, big, Content_Length=None)), bytes=200_000)
    assert silent == "more than 200,000 bytes"


def test_a_bomb_is_not_unpacked(site: Site) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    url = site.put("/bomb", say(200, bomb, Content_Encoding="gzip"))
    assert reason(site, url, bytes=200_000) == "unpacks to more than 200,000 bytes"
    nested = site.put("/two", say(200, gzip.compress(bomb), Content_Encoding="gzip, gzip"))
    assert "which was not asked for" in reason(site, nested)
    deflated = site.put("/d", say(200, zlib.compress(bytes(9_000_000)), Content_Encoding="deflate"))
    assert reason(site, deflated, bytes=200_000) == "unpacks to more than 200,000 bytes"


def test_the_body_of_a_redirect_is_not_even_read(site: Site) -> None:
    def endless(handler: BaseHTTPRequestHandler) -> None:
        redirect("/small")(handler)
        time.sleep(1)

    def announced(handler: BaseHTTPRequestHandler) -> None:
        say(302, b"", Location="/small", Content_Length="1000")(handler)
        handler.wfile.flush()
        time.sleep(1)

    site.put("/small", say(200, b"x"))
    for answer in (endless, announced):
        assert fetcher(site, read_seconds=0.3).get(site.put("/m", answer)).content == b"x"
    assert site.pages() == ["/m", "/small"] * 2


def test_a_body_of_countless_pieces_is_not_unpacked(site: Site) -> None:
    url = site.put("/pieces", say(200, gzip.compress(b"") * 101, Content_Encoding="gzip"))
    assert "packed in more than 100 pieces" in reason(site, url)


def test_packed_bodies_are_unpacked(site: Site) -> None:
    text = "报告".encode() * 1000
    bare = zlib.compressobj(wbits=-15)
    kinds = {
        "gzip": gzip.compress(text[:100]) + gzip.compress(text[100:]),
        "x-gzip": gzip.compress(text[:100]) + b"\0\0" + gzip.compress(text[100:]) + bytes(9),
        "deflate": zlib.compress(text),
        "Deflate": bare.compress(text) + bare.flush(),
    }
    for coding, body in kinds.items():
        url = site.put("/r", say(200, body, Content_Encoding=coding))
        assert fetcher(site).get(url).content == text, coding
    cut = site.put("/cut", say(200, kinds["gzip"][:-9], Content_Encoding="gzip"))
    assert "breaks off" in reason(site, cut, attempts=1)
    false = site.put("/false", say(200, text, Content_Encoding="gzip"))
    assert "not gzip, though sent as such" in reason(site, false)


def _truncated(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"x" * 400)


def _truncated_chunks(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    handler.wfile.write(b"190\r\n" + b"x" * 400 + b"\r\n190\r\nxx")


def _hangs_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("answer", [_truncated, _truncated_chunks, _hangs_up])
def test_what_breaks_off_is_asked_for_again(site: Site, answer: Any) -> None:
    url = site.put("/r", answer, say(200, b"whole"))
    assert fetcher(site).get(url).content == b"whole"
    assert "the connection failed" in reason(site, site.put("/s", answer), attempts=2)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("http://127.0.0.1/", "127.0.0.1, which is no public address"),
        ("http://127.0.0.1:6379/", "127.0.0.1, which is no public address"),
        ("http://localhost/", "which is no public address"),
        ("//169.254.169.254/latest/meta-data/", "169.254.169.254, which is no public address"),
        ("http://[::1]/", "::1, which is no public address"),
        ("http://[::ffff:127.0.0.1]/", "no public address"),
        ("http://10.0.0.1/", "no public address"),
        ("http://0x7f.1/", "number"),
        ("http://user@93.184.216.34/", "user name"),
        ("http://[", "no address"),
        ("http://a.example:x/", "no address"),
        ("file:///etc/passwd", "no http or https address"),
        ("ftp://a.example/", "no http or https address"),
    ],
)
def test_every_hop_is_judged_anew(site: Site, contacted: list[Any], where: str, said: str) -> None:
    url = site.put("/start", redirect("/hop"))
    site.put("/hop", redirect(where, 307))
    assert said in reason(site, url)
    assert set(contacted) == {("127.0.0.1", site.port)}
    assert site.pages() == ["/start", "/hop"]


def test_a_name_without_an_address_is_not_asked_for_again(site: Site) -> None:
    asked = []

    def unknown(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    clock = Clock()
    asking = Fetcher(AddressPolicy(resolve=unknown), Pacer(clock=clock, sleep=clock.sleep))
    for path in ("/a", "/b"):
        with pytest.raises(
            FetchError, match=r"^nowhere.example could not be looked up: is there a"
        ):
            asking.get(f"https://nowhere.example{path}")
    assert asked == ["nowhere.example"] and clock.slept == []


def test_circles_end(site: Site) -> None:
    url = site.put("/a", redirect("/b"))
    site.put("/b", redirect("/a"))
    assert reason(site, url) == "more than 5 redirects, in a circle"
    for n in range(9):
        site.put(f"/{n}", redirect(f"/{n + 1}"))
    assert reason(site, site.url("/0")) == "more than 5 redirects"


def test_robots_txt_is_respected_at_every_hop(site: Site) -> None:
    site.put("/robots.txt", say(200, b"User-agent: *\nDisallow: /secret\n"))
    url = site.put("/open", redirect("/secret/report.html"))
    site.put("/secret/report.html", say(200, b"x"))
    assert "robots.txt of 127.0.0.1 disallows" in reason(site, url)
    assert site.pages() == ["/open"]


@pytest.mark.parametrize("answers", [[say(404)], [say(403)], [say(200, b"<html>no such page")]])
def test_a_site_without_robots_txt_allows_everything(site: Site, answers: list[Any]) -> None:
    site.put("/robots.txt", *answers)
    asking = fetcher(site)
    for path in ("/a", "/b"):
        assert asking.get(site.put(path, say(200, b"x"))).content == b"x"
    assert [path for path, _ in site.asked] == ["/robots.txt", "/a", "/b"]


def test_a_site_whose_robots_txt_fails_allows_nothing(site: Site) -> None:
    site.put("/robots.txt", say(503))
    asking = fetcher(site, attempts=2)
    for path in ("/a", "/b"):
        with pytest.raises(FetchError, match=r"robots.txt of 127.0.0.1: answers 503"):
            asking.get(site.put(path, say(200, b"x")))
    assert site.pages() == [] and len(site.asked) == 2


@pytest.mark.parametrize("coding", [None, "gzip"])
def test_of_a_long_robots_txt_the_beginning_counts(site: Site, coding: str | None) -> None:
    """A home page that stands for every missing page may be long."""
    rules = b"User-agent: *\nDisallow: /secret\n"
    filling = (b"#" * 1023 + b"\n") * 499 + b"#" * (1023 - len(rules)) + b"\n"
    # the last line within 500 KiB would forbid everything, were it cut short
    long = rules + filling[:-12] + b"\nDisallow: /a/b/c\n" + b"x" * 3_000_000
    noise = rules + b"\n" + os.urandom(900_000).replace(b"\n", b"")
    for body in (long, noise):
        packed = gzip.compress(body) if coding else body
        site.put("/robots.txt", say(200, packed, Content_Encoding=coding))
        asking = fetcher(site)
        assert asking.get(site.put("/report", say(200, b"x"))).content == b"x"
        with pytest.raises(FetchError, match="disallows"):
            asking.get(site.url("/secret"))


def test_a_robots_txt_behind_countless_redirects_is_none(site: Site) -> None:
    site.put("/robots.txt", redirect("/robots.txt"))
    assert fetcher(site).get(site.put("/a", say(200, b"x"))).content == b"x"


def test_proxies_of_the_environment_are_ignored(
    site: Site,
    contacted: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://10.9.8.7:3128")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    assert fetcher(site).get(site.put("/r", say(200, b"x"))).content == b"x"
    assert set(contacted) == {("127.0.0.1", site.port)}
    assert all("Authorization" not in headers for _, headers in site.asked)


def _certificate(folder: Path, name: str) -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key,
         "-out", certificate, "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"],
        check=True, capture_output=True, env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    return key, certificate


def test_tls_verifies_the_name_though_the_address_is_given(tmp_path: Path) -> None:
    key, certificate = _certificate(tmp_path, "reports.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    named: list[str | None] = []
    context.sni_callback = lambda _sock, name, _context: named.append(name)
    with serve(lambda sock: context.wrap_socket(sock, server_side=True)) as site:
        site.put("/r", say(200, b"x"))
        policy = AddressPolicy(
            site.exempt, lambda host, port, **_: socket.getaddrinfo("127.0.0.1", port)
        )

        def get(host: str, trusted: bool) -> bytes:
            asking = Fetcher(policy, Pacer(sleep=lambda _: None))
            if trusted:
                asking._session.verify = str(certificate)
            return asking.get(f"https://{host}:{site.port}/r").content

        assert get("reports.example", trusted=True) == b"x"
        assert set(named) == {"reports.example"}
        for host, trusted in (("reports.example", False), ("other.example", True)):
            with pytest.raises(FetchError, match="the certificate is not accepted"):
                get(host, trusted)
        assert site.pages() == ["/r"]
