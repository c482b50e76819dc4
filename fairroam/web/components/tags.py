"""Template tags and filters for all audiences."""

from django import template

register = template.Library()
