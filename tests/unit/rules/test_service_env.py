"""Services are announced by name and port."""

from __future__ import annotations

from agent.rules.service_env import Service, ServicePort, service_environment

KUBERNETES = Service(
    name="kubernetes", namespace="default", cluster_ip="10.96.0.1", ports=(ServicePort(port=443),)
)


def test_only_the_api_is_announced_without_service_links() -> None:
    other = Service(
        name="db", namespace="shop", cluster_ip="10.96.0.2", ports=(ServicePort(port=1),)
    )

    made = service_environment((KUBERNETES, other), "shop", enable_service_links=False)

    assert made["KUBERNETES_SERVICE_HOST"] == "10.96.0.1"
    assert not [name for name in made if name.startswith("DB_")]


def test_headless_services_and_other_namespaces_are_not_announced() -> None:
    headless = Service(name="a", namespace="shop", cluster_ip="None", ports=())
    elsewhere = Service(
        name="b", namespace="other", cluster_ip="10.96.0.3", ports=(ServicePort(port=1),)
    )

    assert service_environment((headless, elsewhere), "shop", enable_service_links=True) == {}


def test_every_port_gets_its_variables() -> None:
    service = Service(
        name="my-db",
        namespace="shop",
        cluster_ip="fd00::7",
        ports=(ServicePort(port=53, name="dns-u", protocol="UDP"),),
    )

    assert service_environment((service,), "shop", enable_service_links=True) == {
        "MY_DB_SERVICE_HOST": "fd00::7",
        "MY_DB_SERVICE_PORT": "53",
        "MY_DB_SERVICE_PORT_DNS_U": "53",
        "MY_DB_PORT": "udp://[fd00::7]:53",
        "MY_DB_PORT_53_UDP": "udp://[fd00::7]:53",
        "MY_DB_PORT_53_UDP_PROTO": "udp",
        "MY_DB_PORT_53_UDP_PORT": "53",
        "MY_DB_PORT_53_UDP_ADDR": "fd00::7",
    }
