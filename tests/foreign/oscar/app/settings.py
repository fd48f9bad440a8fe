"""Oscar's sandbox settings in short: every app of the shop, one database, named by the environment."""

import json
import os

from oscar.defaults import *  # noqa: F403 - the way in which Oscar is configured

SECRET_KEY = "of a test"
USE_TZ = True
TIME_ZONE = "Europe/Stockholm"
ROOT_URLCONF = "urls"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
SITE_ID = 1
_SHOP = (
    "analytics checkout address shipping catalogue catalogue.reviews communication partner basket payment offer order "
    "customer search voucher wishlists"
).split()
_DASHBOARD = (
    "reports users orders catalogue offers partners pages ranges reviews vouchers communications shipping"
).split()


def _app(path: str, suffix: str = "") -> str:
    name = "".join(part.title() for part in path.split("."))
    return f"oscar.apps.{'dashboard.' if suffix == 'Dashboard' else ''}{path}.apps.{name}{suffix}Config"


INSTALLED_APPS = [
    *(f"django.contrib.{name}" for name in "auth contenttypes sessions sites messages staticfiles flatpages".split()),
    "oscar.config.Shop",
    *(_app(name) for name in _SHOP),
    "oscar.apps.dashboard.apps.DashboardConfig",
    *(_app(name, "Dashboard") for name in _DASHBOARD),
    *"haystack treebeard django_tables2 widget_tweaks".split(),
]
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
DATABASES = {"default": json.loads(os.environ["APP_DATABASE"])}
if DATABASES["default"]["ENGINE"].endswith("mysql"):
    import pymysql

    pymysql.version_info = (2, 2, 7, "final", 0)
    pymysql.install_as_MySQLdb()
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
