"""Who writes books."""

from __future__ import annotations

from rowsmith import models


class Author(models.Model):
    name = models.CharField(max_length=50)
    age = models.IntegerField(null=True)
    born = models.DateField(null=True)
    mentor = models.ForeignKey("self", models.SET_NULL, null=True, related_name="pupils")
