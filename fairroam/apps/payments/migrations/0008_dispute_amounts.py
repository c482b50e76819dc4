from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0007_in_good_faith'),
    ]

    operations = [
        migrations.AddField(
            model_name='dispute',
            name='amount_told_at',
            field=models.DateTimeField(null=True),
        ),
    ]
