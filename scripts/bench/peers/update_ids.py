"""Gives each user the id that the user pool has for the handle: an UPDATE each."""

import os

import boto3
import psycopg

pages = (
    boto3.client("cognito-idp").get_paginator("list_users").paginate(UserPoolId=os.environ["AWS_COGNITO_USER_POOL_ID"])
)
with psycopg.connect(os.environ["CONNECTION_URL"]) as database:
    for page in pages:
        for user in page["Users"]:
            of = {attribute["Name"]: attribute["Value"] for attribute in user["Attributes"]}
            if "preferred_username" in of:
                statement = "UPDATE users SET cognito_user_id = %s WHERE handle = %s"
                database.execute(statement, (of["sub"], of["preferred_username"]))
                database.commit()
