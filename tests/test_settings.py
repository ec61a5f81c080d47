"""`ROUTER_*` variables: every setting can be given, and a wrong value is a problem one can act on."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from router.delivery import DeliverySettings
from router.errors import ConfigError
from router.settings import Settings, config_path, load_settings, process_environment


def test_without_variables_the_defaults_hold():
    """An empty variable is as good as none."""
    defaults = Settings(config="routing.yaml", delivery=DeliverySettings())
    assert load_settings({}) == load_settings({"ROUTER_TIMEOUT_SECS": "", "ROUTER_CONFIG": ""}) == defaults


def test_every_setting_of_delivery_has_a_variable():
    """ROUTER_ and its name in capitals."""
    defaults = dataclasses.asdict(DeliverySettings())
    given: dict[str, Any] = {name: value * 2 for name, value in defaults.items() if isinstance(value, (int, float))}
    given |= {name: f"http://{name}" for name, value in defaults.items() if value is None and name.endswith("proxy")}
    given["check_projects"] = False
    given |= {"spool_dir": "/var/spool/router", "spool_fsync": "always"}
    environ = {f"ROUTER_{name.upper()}": str(value) for name, value in given.items()}
    assert load_settings(environ).delivery == DeliverySettings(**given)


def test_the_path_of_the_configuration(monkeypatch):
    """From the given variables, else from the process's own."""
    assert config_path({"ROUTER_CONFIG": "/etc/router.yaml"}) == "/etc/router.yaml"
    assert config_path({}) == "routing.yaml"
    monkeypatch.setenv("ROUTER_CONFIG", "mine.yaml")
    assert config_path() == load_settings().config == "mine.yaml"
    assert process_environment()["ROUTER_CONFIG"] == "mine.yaml"


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("ROUTER_MAX_BATCH_SPANS", "0", "should be greater than or equal to 1"),
        ("ROUTER_MAX_BATCH_SPANS", "2.5", "should be a valid integer"),
        ("ROUTER_FLUSH_INTERVAL_SECS", "soon", "should be a valid number"),
        ("ROUTER_TIMEOUT_SECS", "nan", "should be a finite number"),
        ("ROUTER_SHUTDOWN_TIMEOUT_SECS", "-1", "should be greater than 0"),
    ],
)
def test_a_value_that_makes_no_sense_is_a_problem(variable, value, words):
    """It names the variable and what it should be, and does not repeat the value."""
    with pytest.raises(ConfigError) as caught:
        load_settings({variable: value})
    (problem,) = caught.value.problems
    assert problem.code == "RT118"
    assert problem.message.startswith(f"`{variable}` {words}")
    assert (problem.file, problem.effect) == ("environment", "the router does not start")
    assert problem.hint == "unset the variable to use the default"


def test_all_problems_are_told_at_once():
    """One run, one list."""
    with pytest.raises(ConfigError) as caught:
        load_settings({"ROUTER_MAX_AGE_SECS": "x", "ROUTER_MAX_CONNECTIONS": "0", "ROUTER_UNKNOWN": "1"})
    assert len(caught.value.problems) == 2


def test_the_memory_is_shared_between_the_two_queues():
    """A quarter waits to be masked, the rest to be sent."""
    settings = DeliverySettings(max_queue_bytes=1_000_000)
    assert (settings.record_queue_bytes, settings.span_buffer_bytes) == (250_000, 750_000)


# -- the way to the server ------------------------------------------------------------------------------


def test_proxies_are_found_where_everybody_has_them():
    """The router's own variable beats the common one, in capitals or not."""
    environ = {"HTTPS_PROXY": "http://a:1", "no_proxy": "example.org", "http_proxy": "http://b:2"}
    found = load_settings(environ).delivery
    assert (found.https_proxy, found.http_proxy, found.no_proxy) == ("http://a:1", "http://b:2", "example.org")
    assert load_settings({**environ, "ROUTER_HTTPS_PROXY": "http://c:3"}).delivery.https_proxy == "http://c:3"
    assert load_settings({"HTTP_PROXY": "http://a-client:1"}).delivery.http_proxy is None


def test_a_proxy_with_a_password_is_not_shown():
    """It is a secret like any other."""
    assert "secret" not in repr(load_settings({"HTTPS_PROXY": "http://user:secret@proxy:1"}))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"CA_FILE": "missing.pem"}, "`ROUTER_CA_FILE` cannot be read: no such file or directory"),
        ({"CA_FILE": "junk.pem"}, "`ROUTER_CA_FILE` cannot be used as PEM"),
        ({"CLIENT_CERT_FILE": "junk.pem"}, "`ROUTER_CLIENT_CERT_FILE` cannot be used as PEM"),
        (
            {"CLIENT_CERT_FILE": "missing.pem", "CLIENT_KEY_FILE": "junk.pem"},
            "`ROUTER_CLIENT_CERT_FILE` and `ROUTER_CLIENT_KEY_FILE` cannot be read: no such file or directory",
        ),
        (
            {"CLIENT_KEY_FILE": "junk.pem"},
            "`ROUTER_CLIENT_KEY_FILE` needs `ROUTER_CLIENT_CERT_FILE`, the certificate of the key",
        ),
    ],
)
def test_certificates_that_cannot_be_used_stop_the_start(files, message, tmp_path):
    """Better than at the first call, an hour later; what stands in the file is not repeated."""
    (tmp_path / "junk.pem").write_text("no certificate", "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_settings({f"ROUTER_{name}": str(tmp_path / file) for name, file in files.items()})
    (problem,) = caught.value.problems
    assert (problem.code, problem.message) == ("RT118", message)
