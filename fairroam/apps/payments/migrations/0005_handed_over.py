from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0004_longer_pay_urls'),
    ]

    operations = [
        migrations.AddField(
            model_name='payout',
            name='handed_over_at',
            field=models.DateTimeField(null=True),
        ),
    ]
