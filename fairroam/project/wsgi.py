"""The WSGI application that granian serves."""

import os

from django.core.wsgi import get_wsgi_application

from fairroam.project.boot import refuse_unsound_start

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fairroam.project.settings")
application = get_wsgi_application()
refuse_unsound_start()
