//! `polku.v1.TaskService`.

use polku_proto::v1::task_service_server::TaskService;
use polku_proto::v1::{
    ListTasksRequest, ListTasksResponse, ResolveTaskRequest, ResolveTaskResponse, TaskEvent,
    WatchTasksRequest,
};
use tonic::{Request, Response, Status};

use super::{Desk, Stream, stream};

#[derive(Debug)]
pub(super) struct Service(pub(super) Desk);

#[tonic::async_trait]
impl TaskService for Service {
    async fn list_tasks(
        &self,
        request: Request<ListTasksRequest>,
    ) -> Result<Response<ListTasksResponse>, Status> {
        let (caller, request) = self.0.open(request)?;
        let list = self.0.gateway.list_tasks(&caller, request).await?;
        Ok(self.0.gateway.answer(list, &caller).await?)
    }

    async fn resolve_task(
        &self,
        request: Request<ResolveTaskRequest>,
    ) -> Result<Response<ResolveTaskResponse>, Status> {
        let (caller, request) = self.0.open(request)?;
        let resolved = self.0.gateway.resolve_task(&caller, request).await?;
        Ok(self.0.gateway.answer(resolved, &caller).await?)
    }

    type WatchTasksStream = Stream<TaskEvent>;

    async fn watch_tasks(
        &self,
        request: Request<WatchTasksRequest>,
    ) -> Result<Response<Self::WatchTasksStream>, Status> {
        let (caller, request) = self.0.open(request)?;
        let watch = self.0.gateway.watch_tasks(caller.clone(), request).await?;
        Ok(stream(watch, caller, self.0.gateway.clone()))
    }
}
