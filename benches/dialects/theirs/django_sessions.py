"""Measures how long Django's own parts take to verify and read each session."""

import base64
import json
import sys
import time

import django
from django.conf import settings

settings.configure(SECRET_KEY="x", SESSION_COOKIE_AGE=1209600)
django.setup()

from django.contrib.sessions.backends.base import SessionBase
from django.core import signing
from django.core.cache.backends.redis import RedisSerializer


class SessionStore(SessionBase):
    """Django's own name, which rows are signed under."""


def median(run):
    def timed(calls):
        start = time.perf_counter_ns()
        for _ in range(calls):
            run()
        return (time.perf_counter_ns() - start) / calls

    calls = 1
    while timed(calls) * calls < 2e6:
        calls *= 2
    return sorted(timed(calls) for _ in range(40))[20]


def reader(vector):
    config = vector["config"]
    if config["backend"] == "db" and "db_row" in vector:
        text, store = vector["db_row"]["session_data"], SessionStore()
        if "Pickle" in config["session_serializer"]:
            return None
        return lambda: store.decode(text)
    cache = (config.get("cache") or {}).get("BACKEND", "")
    if config["backend"] == "cache" and cache.startswith("django.core"):
        value, serializer = base64.b64decode(vector["redis_value_base64"]), RedisSerializer()
        return lambda: serializer.loads(value)
    if config["backend"] == "signed_cookies" and "cookie_value" in vector:
        salt = "django.contrib.sessions.backends.signed_cookies"
        serializer = SessionStore().serializer
        return lambda: signing.loads(vector["cookie_value"], serializer=serializer, salt=salt)


for vector in json.load(open(sys.argv[1]))["vectors"]:
    settings.SECRET_KEY = vector["config"]["secret_key"]
    read = reader(vector)
    if read:
        assert isinstance(read(), dict)
        print(f"{vector['id']}\t{median(read)}")
