from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("wallet", "0006_voucher_mails"),
    ]

    operations = [
        migrations.AddField(
            model_name="voucher",
            name="upheld_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="voucher",
            name="words",
            field=models.TextField(default=""),
        ),
    ]
