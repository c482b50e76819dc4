from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0003_other_ways_disputes_and_reports'),
    ]

    operations = [
        migrations.AlterField(
            model_name='payment',
            name='pay_url',
            field=models.URLField(default='', max_length=2000),
        ),
    ]
