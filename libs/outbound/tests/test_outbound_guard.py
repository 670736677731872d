"""Which addresses may be called."""

import socket

import pytest

from dramatis_outbound import Guard, RefusedAddress

PUBLIC = Guard(ports=frozenset({443, 8443}))
EMBEDDED = Guard(loopback=True, ports=None)

ALWAYS_REFUSED = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",  # CGNAT
    "100.100.100.200",  # Alibaba Cloud metadata
    "168.63.129.16",  # Azure
    "169.254.169.254",  # metadata
    "169.254.170.2",  # ECS credentials
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.9",
    "192.0.0.192",  # Oracle Cloud
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.5",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",  # NAT64
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001:0:4136:e378::1",  # Teredo
    "2001:db8::1",
    "2002:7f00:1::",  # 6to4
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",  # AWS metadata
    "fe80::1",
    "fe80::1%1",
    "fec0::1",
    "ff02::1",
]
LOOPBACK = ["127.0.0.1", "127.9.9.9", "::1"]
ALLOWED = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001:82b::200e"]


@pytest.mark.parametrize("address", ALWAYS_REFUSED)
def test_what_is_not_public_is_refused_in_every_mode(address: str) -> None:
    assert not PUBLIC.allows(address)
    assert not EMBEDDED.allows(address)


@pytest.mark.parametrize("address", LOOPBACK)
def test_loopback_is_for_the_embedded_mode(address: str) -> None:
    assert not PUBLIC.allows(address)
    assert EMBEDDED.allows(address)


@pytest.mark.parametrize("address", ALLOWED)
def test_public_addresses_are_allowed(address: str) -> None:
    assert PUBLIC.allows(address)
    assert EMBEDDED.allows(address)


def test_an_operator_may_refuse_more() -> None:
    from ipaddress import ip_network

    assert not Guard(refused=(ip_network("8.8.8.0/24"),)).allows("8.8.8.8")


REFUSED_URLS = [
    "http://example.com/hook",
    "ftp://example.com/hook",
    "//example.com/hook",
    "https:///hook",
    "https://user@example.com/",
    "https://user:password@example.com/",
    "https://example.com:22/",
    "https://example.com:80/",
    "https://example.com:99999/",
    "https://127.0.0.1/",
    "https://localhost/",
    "https://LOCALHOST./",
    "https://api.localhost/",
    "https://0x7f.1/",
    "https://2130706433/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://0/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[fe80::1%25eth0]/",
    "https://169.254.169.254/latest/meta-data/",
    "https://10.0.0.1:8443/",
    "https://exa mple.com/",
]


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_a_url_that_text_alone_refuses_is_refused_with_words(url: str) -> None:
    assert PUBLIC.issue_with(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hook",
        "https://example.com:8443/hook?a=1",
        "https://93.184.216.34/",
        "https://[2606:4700::1111]/",
        "https://bücher.example/",
        "https://1password.com/",
        "https://metadata.google.internal/",  # a name: decided at connect, by what it resolves to
    ],
)
def test_other_urls_are_decided_when_connecting(url: str) -> None:
    assert PUBLIC.issue_with(url) is None


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000/", "http://localhost:9000/", "http://[::1]:9000/"])
def test_the_embedded_mode_may_call_loopback_on_any_port(url: str) -> None:
    assert EMBEDDED.issue_with(url) is None


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/", "http://0.0.0.0:8000/", "http://169.254.169.254/", "http://a@b.c/"]
)
def test_the_embedded_mode_opens_nothing_but_loopback(url: str) -> None:
    assert EMBEDDED.issue_with(url)


def test_a_socket_is_opened_for_allowed_addresses_only() -> None:
    kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
    EMBEDDED.open_socket((*kind, ("127.0.0.1", 80))).close()
    with pytest.raises(RefusedAddress):
        PUBLIC.open_socket((*kind, ("127.0.0.1", 80)))
