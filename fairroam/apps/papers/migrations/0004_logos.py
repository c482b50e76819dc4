from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("papers", "0003_waivers"),
    ]

    operations = [
        migrations.CreateModel(
            name="Logo",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sha256", models.CharField(max_length=64, unique=True)),
                ("content", models.BinaryField()),
            ],
        ),
    ]
