"""An application with sessions of Django: it signs in, shows, changes and signs out.

The environment says where they are: ENGINE, CACHE and REDIS_URL, or DATABASE, which is a file or a URL of PostgreSQL.
"""

import json
import os
from urllib.parse import unquote, urlsplit
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from django.conf import settings



def database(named):
    if not named.startswith("postgres"):
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": named}
    url = urlsplit(named)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": url.path.lstrip("/"),
        "USER": url.username,
        "PASSWORD": unquote(url.password),
        "HOST": url.hostname,
        "PORT": url.port,
        # Its driver reads no other dates, whatever the server writes by itself.
        "OPTIONS": {"options": "-c datestyle=ISO"},
    }


engine = os.environ.get("ENGINE", "cache")
settings.configure(
    SECRET_KEY="django-insecure-open-vectors-key-0123456789abcdef",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    DATABASES={"default": database(os.environ["DATABASE"])},
    CACHES={
        "default": {
            "BACKEND": os.environ.get("CACHE", "django.core.cache.backends.redis.RedisCache"),
            "LOCATION": os.environ.get("REDIS_URL", ""),
        }
    },
    SESSION_ENGINE=f"django.contrib.sessions.backends.{engine}",
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)
django.setup()

from django.contrib import auth
from django.contrib.auth.models import User
from django.core.management import call_command
from django.http import JsonResponse
from django.urls import path

call_command("migrate", verbosity=0)


def shown(request):
    user = str(request.user.pk) if request.user.is_authenticated else None
    return JsonResponse({"user": user, "values": {name: str(value) for name, value in request.session.items()}})


def login(request):
    user, _ = User.objects.get_or_create(username=request.GET["user"], defaults={"password": "x"})
    auth.login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return shown(request)


def logout(request):
    auth.logout(request)
    return shown(request)


def change(request):
    request.session[request.GET["name"]] = request.GET["value"]
    return shown(request)


def expire(request):
    request.session.set_expiry(int(request.GET["seconds"]))
    return shown(request)


urlpatterns = [
    path("login", login),
    path("logout", logout),
    path("set", change),
    path("expire", expire),
    path("me", shown),
]


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


from django.core.wsgi import get_wsgi_application

with make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet) as server:
    print(f"listening on {server.server_port}", flush=True)
    server.serve_forever()
