//! The factory of the routes with which an office and the national administration look after their people.

/// Makes a function `routes` of all that a house needs about its people. A house says its path, the tag and the security scheme of the
/// API's description; its acts are in scope under these names, and their agent says as whom it asks (`asker`).
macro_rules! staff_routes {
    ($path:tt, $tag:tt, $security:tt) => {
        use $crate::staff::http::invitation::{
            ConfirmedReply, JoinBody, PeopleQuery, PeopleReply, RenewalBody, StaffRequestReply, StaffRequestsReply,
        };
        use $crate::staff::invitation::Kind;
        use $crate::staff::{Allowed, Invitations};
        use $crate::web::{Json, PageQuery, Path, Problem, Query};

        /// The routes about people.
        pub(super) fn routes() -> utoipa_axum::router::OpenApiRouter<Invitations> {
            utoipa_axum::router::OpenApiRouter::new()
                .routes(utoipa_axum::routes!(people, invite))
                .routes(utoipa_axum::routes!(staff_requests))
                .routes(utoipa_axum::routes!(grant_staff_request))
                .routes(utoipa_axum::routes!(refuse_staff_request))
                .routes(utoipa_axum::routes!(renew_secrets))
                .routes(utoipa_axum::routes!(ask_to_leave))
                .routes(utoipa_axum::routes!(stop))
                .routes(utoipa_axum::routes!(confirm_staff))
        }

        /// Who works there, or did; who was added last comes first.
        #[utoipa::path(get, path = concat!($path, "/staff"), tag = $tag, security(($security = [])), params(PeopleQuery),
            responses((status = 200, description = "A page", body = PeopleReply),
                (status = "4XX", description = "`forbidden`, `session_ended`, `malformed_request`, `invalid_field` for an unknown office")))]
        async fn people(
            axum::extract::State(invitations): axum::extract::State<Invitations>,
            who: Allowed<ReadStaff>,
            Query(query): Query<PeopleQuery>,
        ) -> Result<Json<PeopleReply>, Problem> {
            let asker = who.agent.asker();
            let page = invitations.people(asker, query.office.as_deref(), query.cursor.as_deref(), query.limit()).await?;
            invitations.note(who.event(asker.staff_id)).await?;
            Ok(Json(PeopleReply::from(page)))
        }

        /// Ask that somebody join. Another person grants it; then a link goes to the address, behind which they set the own password
        /// and authenticator. Nobody else ever knows them.
        #[utoipa::path(post, path = concat!($path, "/staff"), tag = $tag, security(($security = [])), request_body = JoinBody,
            responses((status = 201, description = "Asked: another person has to grant it, before anything is sent", body = StaffRequestReply),
                (status = "4XX", description = "`forbidden`, `session_ended`, `invalid_field`")))]
        async fn invite(
            axum::extract::State(invitations): axum::extract::State<Invitations>,
            who: Allowed<AskStaff>,
            Json(body): Json<JoinBody>,
        ) -> Result<(http::StatusCode, Json<StaffRequestReply>), Problem> {
            let state = invitations.ask_join(who.agent.asker(), who.event(uuid::Uuid::nil()), &body.newcomer()).await?;
            Ok((http::StatusCode::CREATED, Json(StaffRequestReply { state })))
        }

        /// What was asked about people and waits for a second person, the newest first.
        #[utoipa::path(get, path = concat!($path, "/staff/requests"), tag = $tag, security(($security = [])), params(PageQuery),
            responses((status = 200, description = "A page", body = StaffRequestsReply),
                (status = "4XX", description = "`forbidden`, `session_ended`, `malformed_request`")))]
        async fn staff_requests(
            axum::extract::State(invitations): axum::extract::State<Invitations>,
            who: Allowed<ReadStaff>,
            Query(query): Query<PageQuery>,
        ) -> Result<Json<StaffRequestsReply>, Problem> {
            let page = invitations.waiting(who.agent.asker(), query.cursor.as_deref(), query.limit()).await?;
            Ok(Json(page.into()))
        }

        /// Grant what a colleague asked: the link is sent, or the person's time ends.
        #[utoipa::path(post, path = concat!($path, "/staff/requests/{id}/grant"), tag = $tag, security(($security = [])),
            params(("id" = uuid::Uuid, Path, description = "The request")),
            responses((status = 204, description = "Granted"),
                (status = "4XX", description = "`forbidden` for one's own, `session_ended`, `not_found` when it was decided before")))]
        async fn grant_staff_request(
            axum::extract::State(invitations): axum::extract::State<Invitations>,
            who: Allowed<GrantStaff>,
            Path(id): Path<uuid::Uuid>,
        ) -> Result<http::StatusCode, Problem> {
            invitations.grant(who.agent.asker(), who.event(id), id).await?;
            Ok(http::StatusCode::NO_CONTENT)
        }

        /// Refuse what a colleague asked, or take the own request back, also after its link was sent.
        #[utoipa::path(post, path = concat!($path, "/staff/requests/{id}/refuse"), tag = $tag, security(($security = [])),
            params(("id" = uuid::Uuid, Path, description = "The request")),
            responses((status = 204, description = "It is over"),
                (status = "4XX", description = "`forbidden`, `session_ended`, `not_found` when it was over before")))]
        async fn refuse_staff_request(
            axum::extract::State(invitations): axum::extract::State<Invitations>,
            who: Allowed<RefuseStaff>,
            Path(id): Path<uuid::Uuid>,
        ) -> Result<http::StatusCode, Problem> {
            invitations.refuse(who.agent.asker(), who.event(id), id).await?;
            Ok(http::StatusCode::NO_CONTENT)
        }

        /// Ask that somebody get a new password and authenticator, by a link. Who was disabled comes back with it.
        #[utoipa::path(post, path = concat!($path, "/staff/{id}/renewal"), tag = $tag, security(($security = [])),
            params(("id" = uuid::Uuid, Path, description = "The person")), request_body = RenewalBody,
            responses((status = 201, description = "Asked: another person has to grant it, before anything is sent", body = StaffRequestReply),
                (status = "4XX", description = "`forbidden`, `session_ended`, `invalid_field`, `not_found` for oneself and people of elsewhere")))]
        async fn renew_secrets(
            axum::extract::State(invitations): axum::extract::State<Invitations>,
            who: Allowed<AskStaff>,
            Path(id): Path<uuid::Uuid>,
            Json(body): Json<RenewalBody>,
        ) -> Result<(http::StatusCode, Json<StaffRequestReply>), Problem> {
            let address = Some((body.email.expose().as_str(), body.language));
            let state =
                invitations.ask_about(who.agent.asker(), who.event(id), (Kind::Renew, id), address).await?;
            Ok((http::StatusCode::CREATED, Json(StaffRequestReply { state })))
        }

        /// Ask that somebody's time end.
        #[utoipa::path(post, path = concat!($path, "/staff/{id}/departure"), tag = $tag, security(($security = [])),
            params(("id" = uuid::Uuid, Path, description = "The person")),
            responses((status = 201, description = "Asked, or done where no second person is needed", body = StaffRequestReply),
                (status = "4XX", description = "`forbidden`, `session_ended`, `not_found` for oneself and people of elsewhere, `wrong_state` for who left")))]
        async fn ask_to_leave(
            axum::extract::State(invitations): axum::extract::State<Invitations>,
            who: Allowed<AskStaff>,
            Path(id): Path<uuid::Uuid>,
        ) -> Result<(http::StatusCode, Json<StaffRequestReply>), Problem> {
            let state = invitations.ask_about(who.agent.asker(), who.event(id), (Kind::Leave, id), None).await?;
            Ok((http::StatusCode::CREATED, Json(StaffRequestReply { state })))
        }

        /// End somebody's time at once: no log-in any more, running sessions end. Stopping somebody waits for nobody; coming back takes two.
        #[utoipa::path(post, path = concat!($path, "/staff/{id}/stop"), tag = $tag, security(($security = [])),
            params(("id" = uuid::Uuid, Path, description = "The person")),
            responses((status = 204, description = "They have no session and log in no more"),
                (status = "4XX", description = "`forbidden`, `session_ended`, `not_found` for oneself, people of elsewhere, and who left before")))]
        async fn stop(
            axum::extract::State(invitations): axum::extract::State<Invitations>,
            who: Allowed<StopStaff>,
            Path(id): Path<uuid::Uuid>,
        ) -> Result<http::StatusCode, Problem> {
            invitations.stop(who.agent.asker(), who.event(id), id).await?;
            Ok(http::StatusCode::NO_CONTENT)
        }

        /// Confirm that somebody still works there: their time goes on for half a year.
        #[utoipa::path(post, path = concat!($path, "/staff/{id}/confirmation"), tag = $tag, security(($security = [])),
            params(("id" = uuid::Uuid, Path, description = "The person")),
            responses((status = 200, description = "Until when", body = ConfirmedReply),
                (status = "4XX", description = "`forbidden`, `session_ended`, `not_found` for oneself, people of elsewhere, assistants, and who left")))]
        async fn confirm_staff(
            axum::extract::State(invitations): axum::extract::State<Invitations>,
            who: Allowed<ConfirmStaff>,
            Path(id): Path<uuid::Uuid>,
        ) -> Result<Json<ConfirmedReply>, Problem> {
            let last_day = invitations.confirm(who.agent.asker(), who.event(id), id).await?;
            Ok(Json(ConfirmedReply { last_day }))
        }
    };
}
pub(crate) use staff_routes;
