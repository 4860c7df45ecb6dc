-- Three invented people, who keep these uuids for ever: DynamoDB holds copies of them.
-- cognito_user_id stays MOCK until a user pool fills it in. Loading this file again adds
-- nobody twice.

INSERT INTO public.users (uuid, display_name, handle, email, cognito_user_id)
SELECT person.uuid::uuid, person.display_name, person.handle, person.email, 'MOCK'
FROM (VALUES
    ('21d15e52-31e9-4d96-9895-eaa0e12f3f0e', 'Nina Okafor', 'nina', 'nina@example.com'),
    ('20b3b6f7-c8bb-4623-a2c5-159b3940ae52', 'Oscar Lindqvist', 'oscar', 'oscar@example.com'),
    ('264ac1ec-36e6-409c-8b84-f83878b9fa2d', 'Petra Novak', 'petra', 'petra@example.com')
) AS person (uuid, display_name, handle, email)
WHERE NOT EXISTS (
    SELECT FROM public.users
    WHERE users.handle = person.handle OR users.uuid = person.uuid::uuid
)
ON CONFLICT DO NOTHING;

INSERT INTO public.activities (user_uuid, message, expires_at)
SELECT uuid, 'The ferry timetable is out, and the early boat is back.', current_timestamp + interval '10 days'
FROM public.users
WHERE handle = 'nina' AND NOT EXISTS (SELECT FROM public.activities WHERE activities.user_uuid = users.uuid);
