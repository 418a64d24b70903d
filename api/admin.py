"""Accounts and their API keys."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from rest_framework_api_key.admin import APIKeyModelAdmin
from rest_framework_api_key.models import APIKey
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from .models import ApiKey, IdempotencyRecord, User

admin.site.unregister(APIKey)  # the library's own table is not used
admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    pass


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "is_active", "is_staff", "age_verified_at", "last_login")
    list_filter = ("is_active", "is_staff", ("age_verified_at", admin.EmptyFieldListFilter))
    fieldsets = (
        (None, {"fields": ("username", "password", "email", "first_name", "last_name", "age_verified_at")}),
        ("Permissions", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()  # too wide for the page
    actions = ("mark_age_verified",)

    @admin.action(description="Mark as age-verified", permissions=["change"])
    def mark_age_verified(self, request: HttpRequest, users: QuerySet[User]) -> None:
        marked = users.filter(age_verified_at=None).update(age_verified_at=timezone.now())
        self.message_user(request, f"{marked} accounts marked as age-verified.", messages.SUCCESS)


@admin.register(ApiKey)
class ApiKeyAdmin(APIKeyModelAdmin, ModelAdmin):
    """The library shows a new key once, in the message after saving."""

    list_display = ("prefix", "name", "owner", "state", "created", "expiry_date")
    list_filter = ("revoked", ("expiry_date", admin.EmptyFieldListFilter))
    list_select_related = ("owner",)
    search_fields = ("name", "prefix", "owner__username")
    autocomplete_fields = ("owner",)
    actions = ("revoke",)

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        return (
            ("owner", "name", "expiry_date", "prefix", "revoked") if obj else ("owner", "name", "expiry_date")
        )

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple[str, ...]:
        return (*super().get_readonly_fields(request, obj), *(("owner",) if obj else ()))

    @display(description="state", label={"live": "success", "revoked": "danger", "expired": "warning"})
    def state(self, key: ApiKey) -> str:
        return "revoked" if key.revoked else "expired" if key.has_expired else "live"

    @admin.action(description="Revoke", permissions=["change"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        revoked = keys.filter(revoked=False).update(revoked=True)
        self.message_user(request, f"{revoked} keys revoked; they stop working at once.", messages.SUCCESS)


@admin.register(IdempotencyRecord)
class IdempotencyRecordAdmin(ModelAdmin):
    """To look up what a key answered; kept for a day."""

    list_display = ("key", "owner", "status", "created_at")
    list_select_related = ("owner",)
    search_fields = ("key", "owner__username")
    exclude = ("body",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
