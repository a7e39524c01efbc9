"""Loads sessions that were stored here with Django's own backends, changes them there, and returns all of it."""

import base64
import datetime
import json
import sys

import django
from django.conf import settings

given = json.load(sys.stdin)
settings.configure(
    SECRET_KEY=given["secret"],
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)
django.setup()

from django.contrib.sessions.backends import db, file, signed_cookies
from django.contrib.sessions.models import Session
from django.core.cache.backends.redis import RedisSerializer
from django.core.management import call_command

call_command("migrate", verbosity=0)
KEY = "a" * 32


def shown(session):
    return {name: repr(value) for name, value in session.items()}


def from_row():
    ends = datetime.datetime(2099, 1, 1, tzinfo=datetime.timezone.utc)
    Session.objects.create(session_key=KEY, session_data=given["row"], expire_date=ends)
    session = db.SessionStore(KEY)
    found = shown(session)
    session["reply"] = "from Django é🦀"
    session.save()
    return {"found": found, "stored": Session.objects.get(session_key=KEY).session_data}


def from_cookie():
    session = signed_cookies.SessionStore(given["cookie"])
    found = shown(session)
    session["reply"] = "from Django é🦀"
    session.save()
    return {"found": found, "stored": session.session_key}


def from_cache(pickled):
    serializer = RedisSerializer()
    session = serializer.loads(base64.b64decode(pickled))
    found = shown(session)
    session["reply"] = "from Django é🦀"
    return {"found": found, "stored": base64.b64encode(serializer.dumps(session)).decode()}


print(
    json.dumps(
        {
            "version": django.get_version(),
            "row": from_row(),
            "cookie": from_cookie(),
            "caches": [from_cache(pickled) for pickled in given["caches"]],
        }
    )
)
