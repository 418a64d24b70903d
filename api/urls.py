"""Every address of the web process."""

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from strategies.registry import STRATEGIES

from . import problems
from .sign_in import answering_429
from .views.assets import AssetDetail, Assets
from .views.authoring.axes import Axes, AxisDetail
from .views.authoring.families import Families, FamilyCompleteness, FamilyDetail
from .views.authoring.members import AxisFill, MemberDetail, Members, Retuple
from .views.authoring.options import OptionDetail, Options
from .views.authoring.workflows import (
    WorkflowArchive,
    WorkflowDetail,
    WorkflowMakeDefault,
    WorkflowPublish,
    Workflows,
)
from .views.catalogue import Catalogue, CatalogueFamily, CatalogueResolve
from .views.concepts import ProductDetail, Products, StyleDetail, Styles, SubjectDetail, Subjects
from .views.events import generation_events
from .views.files import File
from .views.generations import GenerationCancel, GenerationDetail, Generations, GenerationShorthand
from .views.health import healthz, metrics, readyz
from .views.loras import LoraDetail, Loras
from .views.operators import PoolDetail, PoolDrain, PoolPause, PoolResume, Pools, Queues
from .views.predictions import PredictionCancel, PredictionDetail, PredictionReplay
from .views.studio import SignIn, SignOut, Studio
from .views.tasks import TaskCancel, TaskDetail, TaskRetry, Tasks
from .views.training import SubjectTrain
from .views.webhooks import (
    OwnWebhookDeliveries,
    OwnWebhookSecretDetail,
    OwnWebhookSecretRotate,
    WebhookDeliveries,
    WebhookDeliveryDetail,
    WebhookDeliveryReplay,
    WebhookDetail,
    WebhookRotate,
    Webhooks,
)

# The address under /v1/generations/ → the strategy it is for.
SHORTHANDS = {
    "subject": "subject_generate",
    "edit": "editing",
    "refine": "refine",
    "video": "video",
    "background-fix": "background_fixing",
    "image-adjust": "image_adjusting",
    "face-fix": "face_fixing",
}

urlpatterns = [
    path("", RedirectView.as_view(url="/docs/")),
    path("admin/login/", answering_429(admin.site.login)),
    path("admin/", admin.site.urls),
    path("studio/", Studio.as_view(), name="studio"),
    path("studio/sign-in/", answering_429(SignIn.as_view()), name="studio-sign-in"),
    path("studio/sign-out/", SignOut.as_view(), name="studio-sign-out"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path(
        "docs/",
        SpectacularSwaggerView.as_view(url_name="schema", http_method_names=["get", "head"]),
        name="docs",
    ),
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
    path("v1/catalog", Catalogue.as_view(), name="catalog"),
    path("v1/catalog/<slug:family>", CatalogueFamily.as_view(), name="catalog-family"),
    path("v1/catalog/<slug:family>/resolve", CatalogueResolve.as_view(), name="catalog-resolve"),
    path("v1/workflows", Workflows.as_view(), name="workflows"),
    path("v1/workflows/<slug:key>", WorkflowDetail.as_view(), name="workflow"),
    path("v1/workflows/<slug:key>/publish", WorkflowPublish.as_view(), name="workflow-publish"),
    path("v1/workflows/<slug:key>/archive", WorkflowArchive.as_view(), name="workflow-archive"),
    path("v1/workflows/<slug:key>/make-default", WorkflowMakeDefault.as_view(), name="workflow-make-default"),
    path("v1/families", Families.as_view(), name="families"),
    path("v1/families/<slug:family>", FamilyDetail.as_view(), name="family"),
    path("v1/families/<slug:family>/completeness", FamilyCompleteness.as_view(), name="family-completeness"),
    path("v1/families/<slug:family>/axes", Axes.as_view(), name="axes"),
    path("v1/families/<slug:family>/axes/<slug:axis>", AxisDetail.as_view(), name="axis"),
    path("v1/families/<slug:family>/axes/<slug:axis>/options", Options.as_view(), name="options"),
    path(
        "v1/families/<slug:family>/axes/<slug:axis>/options/<str:value>",
        OptionDetail.as_view(),
        name="option",
    ),
    path("v1/families/<slug:family>/axes/<slug:axis>/fill", AxisFill.as_view(), name="axis-fill"),
    path("v1/families/<slug:family>/retuple", Retuple.as_view(), name="retuple"),
    path("v1/families/<slug:family>/members", Members.as_view(), name="members"),
    path("v1/families/<slug:family>/members/<slug:workflow>", MemberDetail.as_view(), name="member"),
    *(
        path(
            f"v1/generations/{name}",
            GenerationShorthand.as_view(strategy=strategy),
            name=f"generations-{name}",
        )
        for name, strategy in SHORTHANDS.items()
        if strategy in STRATEGIES
    ),
    path("v1/generations", Generations.as_view(), name="generations"),
    path("v1/generations/<uuid:id>", GenerationDetail.as_view(), name="generation"),
    path("v1/generations/<uuid:id>/cancel", GenerationCancel.as_view(), name="generation-cancel"),
    path("v1/generations/<uuid:id>/events", generation_events, name="generation-events"),
    path("v1/predictions/<uuid:id>", PredictionDetail.as_view(), name="prediction"),
    path("v1/predictions/<uuid:id>/cancel", PredictionCancel.as_view(), name="prediction-cancel"),
    path("v1/predictions/<uuid:id>/replay", PredictionReplay.as_view(), name="prediction-replay"),
    path("v1/tasks", Tasks.as_view(), name="tasks"),
    path("v1/tasks/<uuid:id>", TaskDetail.as_view(), name="task"),
    path("v1/tasks/<uuid:id>/cancel", TaskCancel.as_view(), name="task-cancel"),
    path("v1/tasks/<uuid:id>/retry", TaskRetry.as_view(), name="task-retry"),
    path("v1/assets", Assets.as_view(), name="assets"),
    path("v1/assets/<uuid:id>", AssetDetail.as_view(), name="asset"),
    path("v1/loras", Loras.as_view(), name="loras"),
    path("v1/loras/<uuid:id>", LoraDetail.as_view(), name="lora"),
    path("v1/subjects", Subjects.as_view(), name="subjects"),
    path("v1/subjects/<uuid:id>", SubjectDetail.as_view(), name="subject"),
    path("v1/subjects/<uuid:id>/train", SubjectTrain.as_view(), name="subject-train"),
    path("v1/products", Products.as_view(), name="products"),
    path("v1/products/<uuid:id>", ProductDetail.as_view(), name="product"),
    path("v1/styles", Styles.as_view(), name="styles"),
    path("v1/styles/<uuid:id>", StyleDetail.as_view(), name="style"),
    path("v1/webhooks", Webhooks.as_view(), name="webhooks"),
    path("v1/webhooks/default/secret", OwnWebhookSecretDetail.as_view(), name="webhook-default-secret"),
    path("v1/webhooks/default/rotate", OwnWebhookSecretRotate.as_view(), name="webhook-default-rotate"),
    path("v1/webhooks/default/deliveries", OwnWebhookDeliveries.as_view(), name="webhook-default-deliveries"),
    path("v1/webhooks/deliveries/<uuid:id>", WebhookDeliveryDetail.as_view(), name="webhook-delivery"),
    path(
        "v1/webhooks/deliveries/<uuid:id>/replay",
        WebhookDeliveryReplay.as_view(),
        name="webhook-delivery-replay",
    ),
    path("v1/webhooks/<uuid:id>", WebhookDetail.as_view(), name="webhook"),
    path("v1/webhooks/<uuid:id>/rotate", WebhookRotate.as_view(), name="webhook-rotate"),
    path("v1/webhooks/<uuid:id>/deliveries", WebhookDeliveries.as_view(), name="webhook-deliveries"),
    path("v1/files/<str:token>", File.as_view(), name="file"),
    path("v1/queues", Queues.as_view(), name="queues"),
    path("v1/pools", Pools.as_view(), name="pools"),
    path("v1/pools/<str:name>", PoolDetail.as_view(), name="pool"),
    path("v1/pools/<str:name>/pause", PoolPause.as_view(), name="pool-pause"),
    path("v1/pools/<str:name>/drain", PoolDrain.as_view(), name="pool-drain"),
    path("v1/pools/<str:name>/resume", PoolResume.as_view(), name="pool-resume"),
]

handler400 = problems.bad_request
handler403 = problems.permission_denied
handler404 = problems.page_not_found
handler500 = problems.server_error
