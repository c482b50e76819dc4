from django.db import migrations, models
from django.db.models import Q

TABLES = ("plan", "planallowance", "taxrate", "operator", "coverage", "device", "localtariff")
TABLES = (*TABLES, "pack", "brand")
FUNCTION = """
CREATE FUNCTION catalogue_make_new_edition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO catalogue_edition (id, key) VALUES (1, gen_random_uuid())
        ON CONFLICT (id) DO UPDATE SET key = excluded.key;
    RETURN NULL;
END $$;
"""
TRIGGER = """
CREATE TRIGGER a_change_makes_a_new_edition
    AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON catalogue_{}
    FOR EACH STATEMENT EXECUTE FUNCTION catalogue_make_new_edition();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("catalogue", "0010_brand_settings"),
    ]

    operations = [
        migrations.CreateModel(
            name="Edition",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.UUIDField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=Q(("id", 1)), name="there_is_one_edition")
                ],
            },
        ),
        migrations.RunSQL(
            FUNCTION + "".join(map(TRIGGER.format, TABLES)),
            "DROP FUNCTION catalogue_make_new_edition() CASCADE;",
        ),
    ]
