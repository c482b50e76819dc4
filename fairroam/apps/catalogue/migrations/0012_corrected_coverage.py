from django.db import migrations, models

FIELDS = ["profile_type", "country", "operator", "radio", "as_of", "edition"]


class Migration(migrations.Migration):
    dependencies = [
        ("catalogue", "0011_editions"),
    ]

    operations = [
        migrations.AddField(
            model_name="coverage",
            name="edition",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.RemoveConstraint(model_name="coverage", name="a_radio_is_told_once_a_day"),
        migrations.AddConstraint(
            model_name="coverage",
            constraint=models.UniqueConstraint(
                fields=FIELDS, name="a_radio_is_told_once_in_a_table"
            ),
        ),
    ]
