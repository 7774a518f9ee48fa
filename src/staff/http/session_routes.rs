//! The factory of the routes with which people log in.

/// Makes a function `routes` of all that a realm's people need about their own sessions: log in and out, who is logged in, go on
/// after a pause, list and end sessions, change the password, look after passkeys. A realm says its path, the tag and the security scheme of the API's
/// description, and its [`SessionReply`](crate::staff::http::SessionReply):
///
/// ```text
/// session_routes!("/v1/officer", "Counter", "officer", OfficerSessionReply);
/// ```
macro_rules! session_routes {
    ($path:tt, $tag:tt, $security:tt, $reply:ident) => {
        use $crate::staff::http::{
            Arrived, Entrance, LogInBody, LoggedIn, PasskeyBody, PasskeyItem, PasskeyLogInBody, PasskeyQuestionReply, PasskeysReply,
            OwnPasswordBody, OwnSecretsBody, PasswordBody, ProofBody, SessionReply, SessionsReply, ToChooseReply,
        };
        use $crate::web::{ClientAddress, Json, Lang, Path, Problem};

        /// The routes with which people log in.
        pub(super) fn routes() -> utoipa_axum::router::OpenApiRouter<Entrance> {
            utoipa_axum::router::OpenApiRouter::new()
                .routes(utoipa_axum::routes!(log_in, own_sessions))
                .routes(utoipa_axum::routes!(end_other_sessions))
                .routes(utoipa_axum::routes!(current, log_out))
                .routes(utoipa_axum::routes!(resume))
                .routes(utoipa_axum::routes!(end_session))
                .routes(utoipa_axum::routes!(change_password))
                .routes(utoipa_axum::routes!(secrets_to_choose, choose_secrets))
                .routes(utoipa_axum::routes!(ask_passkey))
                .routes(utoipa_axum::routes!(own_passkeys, add_passkey))
                .routes(utoipa_axum::routes!(ask_own_passkey))
                .routes(utoipa_axum::routes!(ask_new_passkey))
                .routes(utoipa_axum::routes!(remove_passkey))
        }

        /// Log in with the password, and an authenticator code or a passkey's answer. A second cookie makes the browser known: strangers' failures do not count against it. The session is a
        /// cookie; it asks for the password again after 30 idle minutes and ends after 12 hours.
        #[utoipa::path(post, path = concat!($path, "/sessions"), tag = $tag, request_body = LogInBody,
            responses((status = 201, description = "Logged in; `Set-Cookie` carries the session", body = $reply),
                (status = "4XX", description = "`login_failed`, `too_many`, `invalid_field` for neither or both")))]
        async fn log_in(
            axum::extract::State(entrance): axum::extract::State<Entrance>,
            client: ClientAddress,
            Lang(language): Lang,
            headers: http::HeaderMap,
            Json(body): Json<LogInBody>,
        ) -> Result<axum::response::Response, Problem> {
            entrance.log_in::<$reply>((client, &headers), body, language).await
        }

        /// Who is logged in.
        #[utoipa::path(get, path = concat!($path, "/sessions/current"), tag = $tag, security(($security = [])),
            responses((status = 200, description = "The session", body = $reply),
                (status = "4XX", description = "`session_ended`, `password_required`")))]
        async fn current(Arrived(who): Arrived, Lang(language): Lang) -> Result<Json<$reply>, Problem> {
            Ok(Json($reply::of(who.session, language)?))
        }

        /// Log out. Repeating it changes nothing.
        #[utoipa::path(delete, path = concat!($path, "/sessions/current"), tag = $tag, security(($security = [])),
            responses((status = 204, description = "Logged out")))]
        async fn log_out(
            axum::extract::State(entrance): axum::extract::State<Entrance>,
            headers: http::HeaderMap,
        ) -> Result<axum::response::Response, Problem> {
            entrance.log_out(&headers).await
        }

        /// Continue a session that was idle for 30 minutes, with the password alone. `Set-Cookie` carries its new value; the old
        /// one has ended.
        #[utoipa::path(post, path = concat!($path, "/sessions/current/resume"), tag = $tag, security(($security = [])),
            request_body = OwnPasswordBody,
            responses((status = 200, description = "Continued", body = $reply),
                (status = "4XX", description = "`login_failed`, `session_ended`, `too_many`")))]
        async fn resume(
            axum::extract::State(entrance): axum::extract::State<Entrance>,
            Lang(language): Lang,
            headers: http::HeaderMap,
            Json(body): Json<OwnPasswordBody>,
        ) -> Result<axum::response::Response, Problem> {
            entrance.resume::<$reply>(&headers, body, language).await
        }

        /// Change the own password. All other sessions end; this one goes on under a new cookie.
        #[utoipa::path(post, path = concat!($path, "/password"), tag = $tag, security(($security = [])),
            request_body = PasswordBody,
            responses((status = 200, description = "Changed; `Set-Cookie` carries the session", body = $reply),
                (status = "4XX", description = "`login_failed`, `invalid_field`, `session_ended`, `password_required`, `too_many`")))]
        async fn change_password(
            axum::extract::State(entrance): axum::extract::State<Entrance>,
            who: LoggedIn,
            Lang(language): Lang,
            Json(body): Json<PasswordBody>,
        ) -> Result<axum::response::Response, Problem> {
            entrance.change_password::<$reply>(who, body, language).await
        }

        /// What has to be chosen by somebody who logged in with secrets that an operator made or saw. Until then every other endpoint
        /// answers `secrets_required`.
        #[utoipa::path(get, path = concat!($path, "/secrets"), tag = $tag, security(($security = [])),
            responses((status = 200, description = "What, and until when", body = ToChooseReply),
                (status = "4XX", description = "`session_ended`, `password_required`, `wrong_state` for whoever has chosen")))]
        async fn secrets_to_choose(
            axum::extract::State(entrance): axum::extract::State<Entrance>,
            who: Arrived,
        ) -> Result<Json<ToChooseReply>, Problem> {
            entrance.secrets_to_choose(&who)
        }

        /// Choose secrets of one's own. All other sessions end; this one goes on under a new cookie.
        #[utoipa::path(post, path = concat!($path, "/secrets"), tag = $tag, security(($security = [])), request_body = OwnSecretsBody,
            responses((status = 200, description = "Chosen; `Set-Cookie` carries the session", body = $reply),
                (status = "4XX", description = "`invalid_field`, `session_ended`, `password_required`, `too_many`, `wrong_state` for whoever has chosen")))]
        async fn choose_secrets(
            axum::extract::State(entrance): axum::extract::State<Entrance>,
            who: Arrived,
            Lang(language): Lang,
            Json(body): Json<OwnSecretsBody>,
        ) -> Result<axum::response::Response, Problem> {
            entrance.choose_secrets::<$reply>(who, body, language).await
        }

        /// Where one is logged in.
        #[utoipa::path(get, path = concat!($path, "/sessions"), tag = $tag, security(($security = [])),
            responses((status = 200, description = "The sessions", body = SessionsReply),
                (status = "4XX", description = "`session_ended`, `password_required`")))]
        async fn own_sessions(
            axum::extract::State(entrance): axum::extract::State<Entrance>,
            who: LoggedIn,
        ) -> Result<Json<SessionsReply>, Problem> {
            entrance.list_sessions(who).await
        }

        /// Log out everywhere but here. It takes the password.
        #[utoipa::path(post, path = concat!($path, "/sessions/ending"), tag = $tag, security(($security = [])),
            request_body = OwnPasswordBody,
            responses((status = 204, description = "The other sessions have ended"),
                (status = "4XX", description = "`login_failed`, `session_ended`, `password_required`, `too_many`")))]
        async fn end_other_sessions(
            axum::extract::State(entrance): axum::extract::State<Entrance>,
            who: LoggedIn,
            Json(body): Json<OwnPasswordBody>,
        ) -> Result<http::StatusCode, Problem> {
            entrance.end_sessions(who, None, body).await
        }

        /// End one of the own sessions. It takes the password.
        #[utoipa::path(post, path = concat!($path, "/sessions/{id}/ending"), tag = $tag, security(($security = [])),
            params(("id" = uuid::Uuid, Path, description = "The session")), request_body = OwnPasswordBody,
            responses((status = 204, description = "It has ended"),
                (status = "4XX", description = "`login_failed`, `session_ended`, `password_required`, `too_many`, `not_found`")))]
        async fn end_session(
            axum::extract::State(entrance): axum::extract::State<Entrance>,
            who: LoggedIn,
            Path(id): Path<uuid::Uuid>,
            Json(body): Json<OwnPasswordBody>,
        ) -> Result<http::StatusCode, Problem> {
            entrance.end_sessions(who, Some(id), body).await
        }

        /// What a passkey is to sign for a log-in, after the right password. Somebody without a passkey, a name that nobody has and a
        /// wrong password get the same answer.
        #[utoipa::path(post, path = concat!($path, "/sessions/passkey"), tag = $tag, request_body = PasskeyLogInBody,
            responses((status = 200, description = "What the page asks the authenticator", body = PasskeyQuestionReply),
                (status = "4XX", description = "`login_failed`, `too_many`, `wrong_state` where the service has no name to bind passkeys to")))]
        async fn ask_passkey(
            axum::extract::State(entrance): axum::extract::State<Entrance>,
            client: ClientAddress,
            headers: http::HeaderMap,
            Json(body): Json<PasskeyLogInBody>,
        ) -> Result<Json<PasskeyQuestionReply>, Problem> {
            entrance.ask_passkey((client, &headers), body).await
        }

        /// The own passkeys.
        #[utoipa::path(get, path = concat!($path, "/passkeys"), tag = $tag, security(($security = [])),
            responses((status = 200, description = "The passkeys", body = PasskeysReply),
                (status = "4XX", description = "`session_ended`, `password_required`")))]
        async fn own_passkeys(
            axum::extract::State(entrance): axum::extract::State<Entrance>,
            who: LoggedIn,
        ) -> Result<Json<PasskeysReply>, Problem> {
            entrance.list_passkeys(who).await
        }

        /// What one of the own passkeys is to sign as a proof for what is done to the own account.
        #[utoipa::path(post, path = concat!($path, "/passkeys/proof"), tag = $tag, security(($security = [])),
            responses((status = 200, description = "What the page asks the authenticator", body = PasskeyQuestionReply),
                (status = "4XX", description = "`session_ended`, `password_required`, `not_found` for who has none")))]
        async fn ask_own_passkey(
            axum::extract::State(entrance): axum::extract::State<Entrance>,
            who: LoggedIn,
        ) -> Result<Json<PasskeyQuestionReply>, Problem> {
            entrance.ask_own_passkey(who).await
        }

        /// What a new passkey is made with. It takes a proof of who one is.
        #[utoipa::path(post, path = concat!($path, "/passkeys/question"), tag = $tag, security(($security = [])),
            request_body = ProofBody,
            responses((status = 200, description = "What the page asks the authenticator", body = PasskeyQuestionReply),
                (status = "4XX", description = "`login_failed`, `invalid_field`, `session_ended`, `password_required`, `too_many`, `wrong_state` where there are five, or can be none")))]
        async fn ask_new_passkey(
            axum::extract::State(entrance): axum::extract::State<Entrance>,
            who: LoggedIn,
            Json(body): Json<ProofBody>,
        ) -> Result<Json<PasskeyQuestionReply>, Problem> {
            entrance.ask_new_passkey(who, body).await
        }

        /// Add the passkey that an authenticator made.
        #[utoipa::path(post, path = concat!($path, "/passkeys"), tag = $tag, security(($security = [])), request_body = PasskeyBody,
            responses((status = 201, description = "Added", body = PasskeyItem),
                (status = "4XX", description = "`invalid_field` for a name or an answer that cannot be used, `session_ended`, `password_required`, `wrong_state` where there are five")))]
        async fn add_passkey(
            axum::extract::State(entrance): axum::extract::State<Entrance>,
            who: LoggedIn,
            Json(body): Json<PasskeyBody>,
        ) -> Result<(http::StatusCode, Json<PasskeyItem>), Problem> {
            entrance.add_passkey(who, body).await
        }

        /// Remove one of the own passkeys. It takes a proof of who one is.
        #[utoipa::path(post, path = concat!($path, "/passkeys/{id}/removal"), tag = $tag, security(($security = [])),
            params(("id" = uuid::Uuid, Path, description = "The passkey")), request_body = ProofBody,
            responses((status = 204, description = "Removed"),
                (status = "4XX", description = "`login_failed`, `invalid_field`, `session_ended`, `password_required`, `too_many`, `not_found`, `wrong_state` for the last one of who has to have one")))]
        async fn remove_passkey(
            axum::extract::State(entrance): axum::extract::State<Entrance>,
            who: LoggedIn,
            Path(id): Path<uuid::Uuid>,
            Json(body): Json<ProofBody>,
        ) -> Result<http::StatusCode, Problem> {
            entrance.remove_passkey(who, id, body).await
        }
    };
}
pub(crate) use session_routes;
