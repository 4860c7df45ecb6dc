-- Three invented people. cognito_user_id stays MOCK until a user pool fills it in.
-- Loading this file again adds nobody twice.

INSERT INTO public.users (display_name, handle, email, cognito_user_id)
SELECT person.display_name, person.handle, person.email, 'MOCK'
FROM (VALUES
    ('Nina Okafor', 'nina', 'nina@example.com'),
    ('Oscar Lindqvist', 'oscar', 'oscar@example.com'),
    ('Petra Novak', 'petra', 'petra@example.com')
) AS person (display_name, handle, email)
WHERE NOT EXISTS (SELECT FROM public.users WHERE users.handle = person.handle);

INSERT INTO public.activities (user_uuid, message, expires_at)
SELECT uuid, 'The ferry timetable is out, and the early boat is back.', current_timestamp + interval '10 days'
FROM public.users
WHERE handle = 'nina' AND NOT EXISTS (SELECT FROM public.activities WHERE activities.user_uuid = users.uuid);
