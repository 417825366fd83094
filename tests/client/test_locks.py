"""Locks with an owner and an end, with what RQ's functions answer."""

from __future__ import annotations

import pytest
import redis

from rq.scripts import ACQUIRE_OR_REFRESH_LOCK_SCRIPT, RELEASE_LOCK_SCRIPT, acquire_or_refresh_lock, release_lock


def test_a_free_lock_is_acquired_until_its_end(redis_client):
    assert acquire_or_refresh_lock(redis_client, "lock", "me", 10) == "acquired"
    assert redis_client.get("lock") == b"me"
    assert 0 < redis_client.ttl("lock") <= 10


def test_the_owner_of_a_lock_makes_it_last_longer(redis_client):
    acquire_or_refresh_lock(redis_client, "lock", "me", 10)
    assert acquire_or_refresh_lock(redis_client, "lock", "me", 100) == "refreshed"
    assert 10 < redis_client.ttl("lock") <= 100


def test_the_lock_of_another_stays_as_it_is(redis_client):
    acquire_or_refresh_lock(redis_client, "lock", "me", 10)
    assert acquire_or_refresh_lock(redis_client, "lock", "you", 100) == "taken"
    assert release_lock(redis_client, "lock", "you") is False
    assert redis_client.get("lock") == b"me"
    assert redis_client.ttl("lock") <= 10


def test_a_lock_is_released_once(redis_client):
    acquire_or_refresh_lock(redis_client, "lock", "me", 10)
    assert (release_lock(redis_client, "lock", "me"), release_lock(redis_client, "lock", "me")) == (True, False)
    assert not redis_client.exists("lock")


def test_something_else_in_the_place_of_a_lock_is_left_alone(redis_client):
    redis_client.sadd("lock", "member")
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        acquire_or_refresh_lock(redis_client, "lock", "me", 10)
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        release_lock(redis_client, "lock", "me")


def test_a_lock_can_be_taken_on_a_server_that_is_full(valkey):
    with redis.Redis.from_url(valkey.url) as client:
        client.config_set("maxmemory", 1)
        try:
            assert acquire_or_refresh_lock(client, "lock", "me", 10) == "acquired"
        finally:
            client.config_set("maxmemory", 0)


def test_the_scripts_can_be_registered_by_others(redis_client):
    assert redis_client.register_script(ACQUIRE_OR_REFRESH_LOCK_SCRIPT)(["lock"], ["me", 10]) == [b"acquired"]
    assert redis_client.register_script(RELEASE_LOCK_SCRIPT)(["lock"], ["me"]) == [b"ok"]
