from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0003_opinions_on_guides"),
    ]

    operations = [
        migrations.CreateModel(
            name="HiddenGuide",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("guide", models.CharField(max_length=40, unique=True)),
            ],
        ),
    ]
