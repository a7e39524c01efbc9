"""Serves moto, an emulator of DynamoDB, at the port that is its argument.

One question at a time: moto takes a transaction back by putting the whole table back as it was, and what others wrote
meanwhile would go with it.
"""

import logging
import sys

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

logging.getLogger("werkzeug").setLevel(logging.ERROR)
run_simple("127.0.0.1", int(sys.argv[1]), DomainDispatcherApplication(create_backend_app), threaded=False)
